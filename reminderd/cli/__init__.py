"""The command line: one file a command, loaded only when it is called."""

import importlib
import os
import sys
from contextlib import suppress
from typing import Any

import click
from click.shell_completion import CompletionItem

from reminderd import __version__
from reminderd.cli.streams import Watched, let_go, stand_in_for_closed

# What `reminderd --help` says, here so that it need not import every command.
_GROUPS = {
    "The daemon": {
        "run": "Run the daemon in the foreground.",
        "reload": "Have the running daemon read settings and job files now.",
        "token": "Make a token for the listener: the API and the page.",
    },
    "Before a deploy": {
        "new": "Write a new job file with a commented example.",
        "check": "Find every problem in job files and settings, offline.",
        "next": "Show the coming occurrences with people, local times and texts.",
        "plan": "Show what the job files would change: jobs, messages, costs.",
        "simulate": "Show what would go out from one time to another, a year in seconds.",
        "list": "List the jobs: schedule in words, next due, last result.",
        "schema": "Print the JSON Schema of job files, for editors and linters.",
    },
    "What happened": {
        "status": "Is the daemon alive, and does anything need someone?",
        "doctor": "Look for what keeps reminderd from working on this machine.",
        "history": "Show deliveries, newest first.",
        "inbound": "Show what people wrote to your numbers, newest first.",
        "why": "Tell one delivery's whole story.",
        "metrics": "Print the state's figures for Prometheus.",
        "backup": "Copy the state to a file, also while the daemon runs.",
    },
    "What needs someone": {
        "alerts": "What needs someone, and whether they were told; --test tells a test.",
        "retry": "Send failed or missed deliveries after all.",
        "cancel": "Give up pending deliveries.",
        "resolve": "Settle a delivery that is in doubt.",
        "approve": "Let what is on hold go on.",
        "opt-out": "Who wants no messages: add, remove, list.",
        "forget": "Empty all that the state has of a phone.",
    },
    "Above the files": {
        "pause": "Send nothing of a job, or of any, until it is resumed.",
        "resume": "End a pause, or take a skip back.",
        "skip": "Do not send one coming occurrence.",
        "hold": "Keep pending deliveries back.",
        "release": "Let deliveries go that were held.",
    },
    "Trying it out": {
        "test-send": "Send a job's text to a phone of yours, as a test.",
        "demo": "See it work: the sandbox, the daemon and four reminders.",
        "sandbox": "Play Plivo's Message API on this machine.",
    },
}
_MODULES = {"next": "next_", "list": "list_", "opt-out": "opt_out", "test-send": "test_send"}


class LazyGroup(click.Group):
    """Commands by name; the module of a command is imported when it is needed."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command to its end; one whose output cannot be written ends with a sentence."""
        stand_in_for_closed()
        out, err = Watched(sys.stdout), Watched(sys.stderr)
        sys.stdout, sys.stderr = out, err
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error not in (out.failure, err.failure):
                raise
            _say_unwritten(out, err)
            sys.exit(2)
        finally:
            for stream in (out, err):
                if stream.failure is not None:
                    let_go(stream)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [name for names in _GROUPS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"reminderd.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands from the table above: importing each of them would be felt at every press of the key."""
        options = click.Command.shell_complete(self, ctx, incomplete)
        commands = [CompletionItem(name, help=text) for names in _GROUPS.values() for name, text in names.items()]
        return [item for item in commands if item.value.startswith(incomplete)] + options

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            from reminderd.store import StateFailure, advice, may_pass

            if not isinstance(error, StateFailure):
                raise
            click.echo(f"reminderd: the state cannot be used: {error}; {advice(error)}", err=True)
            sys.exit(1 if may_pass(error) else 2)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            import difflib

            close = difflib.get_close_matches(args[0], self.list_commands(ctx), 1)
            hint = f" Did you mean {close[0]!r}?" if close else " See `reminderd --help`."
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for title, commands in _GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


def _say_unwritten(out: Watched, err: Watched) -> None:
    if out.failure is not None:
        with suppress(OSError):
            err.write(f"reminderd: the output cannot be written: {out.failure.strerror}\n")
            err.flush()


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Settings come from --config, else /etc/reminderd/reminderd.yaml; REMINDERD_... variables win over the file.",
)
@click.version_option(__version__, prog_name="reminderd")
@click.option("--config", metavar="FILE", help="The settings file.")
@click.option("--jobs", metavar="DIR", multiple=True, help="Where the job files are; may be repeated.")
@click.option("--state", "state_file", metavar="FILE", help="The state's file.")
@click.pass_context
def main(ctx: click.Context, config: str | None, jobs: tuple[str, ...], state_file: str | None) -> None:
    """Reminders kept as YAML files in git, each sent once as a text message through Plivo.

    A second attempt is never started unless the first one certainly did not send, or you said so. What cannot be known
    is shown as in doubt, looked up in Plivo's own log, and waits for proof or for you.
    """
    ctx.obj = {"config": config, "jobs": jobs, "state_file": state_file}
    # Every time is UTC or carries its zone; the machine's own zone must not matter anywhere.
    os.environ["TZ"] = "UTC"
    import time

    time.tzset()
    if sys.stdout.encoding and sys.stdout.encoding.lower() not in ("utf-8", "utf8"):
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
