"""What may be written in the files, in words and as JSON Schema: for editors, linters and the docs."""

from collections.abc import Callable, Mapping

from reminderd.reference.schema import DRAFTS, job_files, recipient_files
from reminderd.reference.settings import settings_files
from reminderd.reference.shapes import Shape

SCHEMAS: Mapping[str, Callable[[str], Shape]] = {
    "jobs": job_files,
    "recipients": recipient_files,
    "settings": settings_files,
}

__all__ = ["DRAFTS", "SCHEMAS", "job_files", "recipient_files", "settings_files"]
