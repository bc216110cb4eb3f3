"""What settings without a problem still lack for a start: an account, its token."""

import os
from collections.abc import Iterator
from pathlib import Path

from reminderd.model import Problem
from reminderd.settings import SYSTEM_TOKEN, Settings


def lacking(file: Path, settings: Settings, *, given: bool) -> Iterator[Problem]:
    """A warning of what the file should say, or a note on what is not on this machine, and may be on the daemon's.

    file: that of the settings. given: it is there, or will be; where it is not, nobody means to start here.
    """
    if settings.plivo.auth_id is None and given:
        message = "is not given, and without an account the daemon does not start"
        hint = "give it, plivo.sender, and the token (docs/install.md), or PLIVO_AUTH_ID in the daemon's environment"
        yield Problem(str(file), 0, 0, "plivo.auth_id", message, hint)
    elif settings.plivo.auth_id is not None and settings.plivo.auth_token is None and not os.path.lexists(SYSTEM_TOKEN):
        message = "is not given here, and without it the daemon does not start"
        hint = f"give it by plivo.auth_token_file, or as systemd's credential in {SYSTEM_TOKEN}"
        yield Problem(str(file), 0, 0, "plivo.auth_token", message, hint, is_note=True)
