"""The API for programs, /api/v1: what is read and what is done, described by its own OpenAPI document."""

from reminderd.web.api.front import Front
from reminderd.web.api.room import Api

__all__ = ["Api", "Front"]
