"""The daemon's own settings: from arguments, the environment, a file and defaults."""

from reminderd.settings.grants import Grant, Scope
from reminderd.settings.load import (
    CREDENTIALS_VARIABLE,
    DEFAULT_CONFIG,
    SYSTEM_TOKEN,
    VARIABLES,
    RetentionSettings,
    Settings,
    config_path,
    load_settings,
    usable_settings,
)
from reminderd.settings.values import read_token

__all__ = [
    "CREDENTIALS_VARIABLE",
    "DEFAULT_CONFIG",
    "SYSTEM_TOKEN",
    "VARIABLES",
    "Grant",
    "RetentionSettings",
    "Scope",
    "Settings",
    "config_path",
    "load_settings",
    "read_token",
    "usable_settings",
]
