"""reminderd doctor"""

import os
import sys
from collections import Counter
from pathlib import Path

import click

from reminderd import __version__
from reminderd.cli.common import FAILED, SettingsSource, clean, coloured, json_option, print_json, settings_options
from reminderd.clock import SystemClock, to_text
from reminderd.doctor import Finding, Grade, Scene, examine
from reminderd.settings import DEFAULT_CONFIG, config_path, usable_settings

_COLOURS = {Grade.OK: "green", Grade.WARN: "yellow", Grade.FAIL: "red", Grade.SKIP: "bright_black"}
_NAME_WIDTH = max(map(len, Grade))
_CHECK_WIDTH = 17


@click.command()
@click.option("--offline", is_flag=True, help="Ask nothing over the network.")
@click.option("--user", metavar="USER", help="As whom the daemon runs, where that cannot be seen.")
@click.option("--unit", metavar="UNIT", default="reminderd.service", show_default=True, help="Its unit under systemd.")
@json_option
@settings_options
def command(source: SettingsSource, offline: bool, user: str | None, unit: str, as_json: bool) -> None:
    """Look for what keeps reminderd from working on this machine: each check with what was seen and what to do.

    \b
    ok    it is as it should be
    warn  it works now, and may stop working
    fail  it does not work, or will not
    skip  it could not be looked at, and why

    Changes nothing and sends nothing; Plivo is asked for the account and for the numbers of the senders. As root it sees
    most. Ends with 1 when anything fails, with 0 when there are only warnings.
    """
    scene = _scene(source, user, unit)
    terminal = sys.stderr.isatty() and not as_json
    found: list[Finding] = []
    for finding in examine(scene, offline=offline, begin=_progress if terminal else lambda _: None):
        found.append(finding)
        if not as_json:
            if terminal:
                _progress("")
            _print(finding)
    if terminal:
        _progress("")
    counts = Counter(finding.grade for finding in found)
    if as_json:
        print_json(_document(found, counts, scene))
    else:
        click.echo(", ".join(f"{counts[grade]} {grade}" for grade in Grade))
    sys.stdout.flush()
    sys.exit(FAILED if counts[Grade.FAIL] else 0)


def _scene(source: SettingsSource, user: str | None, unit: str) -> Scene:
    config = Path(source.config) if source.config else None
    settings, problems = usable_settings(config, os.environ, jobs=source.jobs, state=source.state)
    file = config_path(config, os.environ) or _default_file()
    return Scene(settings, problems, file, SystemClock(), user, unit)


def _default_file() -> Path | None:
    """The usual settings file, also where it cannot be looked at."""
    try:
        DEFAULT_CONFIG.lstat()
    except FileNotFoundError:
        return None
    except OSError:
        pass
    return DEFAULT_CONFIG


def _document(found: list[Finding], counts: Counter[Grade], scene: Scene) -> dict[str, object]:
    return {
        "ok": not counts[Grade.FAIL],
        "version": __version__,
        "at": to_text(scene.clock.now()),
        "counts": {str(grade): counts[grade] for grade in Grade},
        "checks": [finding._asdict() for finding in found],
    }


def _print(finding: Finding) -> None:
    grade = finding.grade.ljust(_NAME_WIDTH)
    shown = click.style(grade, fg=_COLOURS[finding.grade]) if coloured() else grade
    do = f" -> {clean(finding.do)}" if finding.do else ""
    click.echo(f"{shown}  {finding.check.ljust(_CHECK_WIDTH)}  {clean(finding.seen)}{do}")


def _progress(what: str) -> None:
    """What is looked at now, on a line that the next one takes."""
    click.echo(f"\r\x1b[K{f'looking at {what} …' if what else ''}", nl=False, err=True)
