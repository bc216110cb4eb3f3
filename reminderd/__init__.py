"""reminderd: reminders kept as YAML files, sent once as text messages through Plivo."""

__version__ = "0.1.0"
