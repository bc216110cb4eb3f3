"""What people write back. Plain data."""

from enum import StrEnum


class Intent(StrEnum):
    """What a text that came in is taken for."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    OTHER = "other"
