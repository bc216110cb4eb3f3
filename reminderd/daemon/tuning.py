"""The settings in use, and how others take their place while the daemon runs."""

from collections.abc import Callable, Sequence

from reminderd.gateway.port import Gateway
from reminderd.model import Problem
from reminderd.settings import Settings
from reminderd.telemetry import Event, configure, emit

BuildGateway = Callable[[Settings], Gateway]
LoadSettings = Callable[[], tuple[Settings | None, list[Problem]]]
Apply = Callable[[Settings, Gateway], None]


class Tuning:
    """`load` reads the settings anew; `build` makes the gateway that they describe, and raises ValueError where none can be.

    All methods belong to the loop's thread; `settings` and `gateway` may be read from any.
    """

    def __init__(self, settings: Settings, load: LoadSettings, build: BuildGateway) -> None:
        self.settings = settings
        self.gateway = build(settings)
        self._load = load
        self._build = build

    def reload(self, parts: Sequence[Apply]) -> list[Problem]:
        """Have each of the parts use new settings, where there are any; returns what is wrong with them.

        Settings with a problem change nothing: those before go on.
        """
        settings, problems = self._load()
        for problem in problems:
            emit(Event.SETTINGS_PROBLEM, problem=str(problem))
        if settings is None or problems or settings == self.settings:
            return problems
        try:
            gateway = self._build(settings)
        except ValueError as error:
            wrong = Problem("settings", 0, 0, "", f"{error}; those before go on")
            emit(Event.SETTINGS_PROBLEM, problem=str(wrong))
            return [wrong]
        if settings.state != self.settings.state:
            said = f"state: {settings.state} needs a restart; {self.settings.state} goes on"
            emit(Event.SETTINGS_PROBLEM, problem=said)
        before, self.settings, self.gateway = self.gateway, settings, gateway
        for apply in parts:
            apply(settings, gateway)
        before.close()
        configure(settings.log.format, settings.log.level)
        emit(Event.SETTINGS_RELOADED)
        return []
