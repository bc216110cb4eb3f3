"""The daemon's own settings: from arguments, the environment, a file and defaults."""

from reminderd.settings.load import (
    CREDENTIALS_VARIABLE,
    DEFAULT_CONFIG,
    VARIABLES,
    Settings,
    config_path,
    load_settings,
)

__all__ = ["CREDENTIALS_VARIABLE", "DEFAULT_CONFIG", "VARIABLES", "Settings", "config_path", "load_settings"]
