"""reminderd token"""

import re
import sys

import click

from reminderd.cli.common import UNUSABLE, fail, print_json
from reminderd.document.scalars import Wrong
from reminderd.settings.grants import Scope, read_grant
from reminderd.settings.secrets import digest_of, make_token

_GIVEN = re.compile(r"[\x21-\x7e]{32,512}")


@click.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([str(scope) for scope in Scope]),
    multiple=True,
    required=True,
    help="What it may do; may be repeated. read: look at everything. act: what operators do. write: make reminders.",
)
@click.option("--hash", "given", is_flag=True, help="Read the token from standard input, and print the line alone.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(name: str, scopes: tuple[str, ...], given: bool, as_json: bool) -> None:
    """Make a token for the listener, for NAME: who or what will use it.

    It is printed this once. The line goes under `web.tokens`, or into the file of `web.tokens_file`; it says nothing of the token. Then
    `reminderd reload`. To take a token back, remove its line and reload.
    """
    token = _given() if given else make_token()
    line = f"{name} {'+'.join(dict.fromkeys(scopes))} sha256:{digest_of(token)}"
    try:
        read_grant(line)
    except Wrong:
        fail(f"{name!r} is no name for a token: letters, digits, dots and hyphens, at most 64", UNUSABLE)
    if as_json:
        print_json(({} if given else {"token": token}) | {"line": line})
    elif given:
        click.echo(line)
    else:
        click.echo(f"token: {token}\nline:  {line}")
        click.echo(
            "The token is shown this once. Put the line under web.tokens, or into web.tokens_file, then run `reminderd reload`.",
            err=True,
        )


def _given() -> str:
    if sys.stdin.isatty():
        token: str = click.prompt("Token", hide_input=True, err=True)
    else:
        token = sys.stdin.readline(1024).strip()
    if not _GIVEN.fullmatch(token):
        fail("a token has 32 to 512 letters, digits and signs of ASCII, and no spaces", UNUSABLE)
    return token
