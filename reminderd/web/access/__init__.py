"""Who may ask the listener for what: tokens and their scopes, how often, how much, and who may look without one."""

from reminderd.settings.grants import Scope
from reminderd.web.access.access import CSRF, Access
from reminderd.web.access.bodies import StrictRoute, read_form, read_json
from reminderd.web.access.callers import Caller, Via
from reminderd.web.access.guard import Guard

__all__ = ["CSRF", "Access", "Caller", "Guard", "Scope", "StrictRoute", "Via", "read_form", "read_json"]
