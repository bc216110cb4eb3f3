"""YAML that people wrote: values with their places, and problems that point at them."""

from reminderd.document.document import (
    MAX_PROBLEMS,
    MAX_SIZE,
    Document,
    Fault,
    Loc,
    Text,
    fault_of,
    faults,
    load,
    path_text,
    read_text,
)

__all__ = [
    "MAX_PROBLEMS",
    "MAX_SIZE",
    "Document",
    "Fault",
    "Loc",
    "Text",
    "fault_of",
    "faults",
    "load",
    "path_text",
    "read_text",
]
