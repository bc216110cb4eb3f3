"""reminderd schema"""

from pathlib import Path

import click

from reminderd.cli.common import UNUSABLE, fail, print_json
from reminderd.reference import DRAFTS, SCHEMAS
from reminderd.telemetry import json_text


@click.command()
@click.argument("kind", type=click.Choice(tuple(SCHEMAS)), default="jobs")
@click.option("--draft", type=click.Choice(tuple(DRAFTS)), default="2020-12", show_default=True, help="Of JSON Schema.")
@click.option("--output", "-o", metavar="FILE", help="Write it there instead of printing it.")
def command(kind: str, draft: str, output: str | None) -> None:
    """Print the JSON Schema of job files, for editors and linters; or that of lists of recipients, or of the settings.

    An editor with yaml-language-server uses it when a file begins with the line

    \b
    # yaml-language-server: $schema=../reminderd.schema.json
    """
    document = SCHEMAS[kind](draft)
    if output is None or output == "-":
        print_json(document)
        return
    try:
        Path(output).write_text(json_text(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}", UNUSABLE)
