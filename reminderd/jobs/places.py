"""What the settings say of where job files and what they use lie."""

from collections.abc import Sequence
from pathlib import Path

from reminderd.jobs.library import beside
from reminderd.jobs.parse import parse_file
from reminderd.jobs.reader import Parse, Reader
from reminderd.model import Places
from reminderd.settings import Settings


def places_for(settings: Settings, paths: Sequence[Path] = ()) -> Places:
    """Where templates and groups lie: as the settings say, else beside the first of these paths, or of the settings'."""
    usual = beside((*paths, *settings.jobs)[0])
    return Places(settings.templates or usual.templates, settings.recipients or usual.recipients)


def reader_for(settings: Settings, parse: Parse = parse_file) -> Reader:
    """Of all job files of these settings, those that were made through the API among them."""
    return Reader(settings.reads, settings.defaults, parse, places=places_for(settings), may_lack=settings.may_lack)
