"""What the daemon's settings are, and what each may be."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from reminderd.document import scalars
from reminderd.document.scalars import Wrong
from reminderd.model import Defaults, Limits, OnQuiet, QuietHours

_ACCOUNT = re.compile(r"(?:MA|SA)[A-Za-z0-9]{18}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_HOURS = re.compile(r"((?:[01][0-9]|2[0-3]):[0-5][0-9])-((?:[01][0-9]|2[0-3]):[0-5][0-9])")
_TOKEN = re.compile(r"[\x21-\x7e]{1,500}")
_LONGEST_TOKEN_FILE = 4096
_LONGEST_PATH_PART = 255
_FORMATS: dict[str, Literal["auto", "text", "json"]] = {"auto": "auto", "text": "text", "json": "json"}
_LEVELS: dict[str, Literal["debug", "info", "warning", "error"]] = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
}


def _path(value: object) -> Path:
    path = Path(scalars.line(value))
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if longest > _LONGEST_PATH_PART:
        raise Wrong(f"has a name of {longest} bytes in it, and no file's name has more than {_LONGEST_PATH_PART}")
    return path


def _file(value: object) -> Path:
    path = _path(value)
    if not os.path.isfile(path):  # noqa: PTH113 - also where nobody may look
        raise Wrong(f"{scalars.show(str(path))} is not a file")
    return path


def _host(value: object) -> str:
    name = scalars.line(value)
    if not _HOST.fullmatch(name):
        raise Wrong("is not a name of a host", "write letters, digits, dots and hyphens, at most 200")
    return name


def _one_or_more(value: object) -> list[object]:
    if scalars.is_null(value) or value == []:
        raise Wrong("is empty", "write one directory or a list of them")
    return value if isinstance(value, list) else [value]


def _account(value: object) -> str:
    if not _ACCOUNT.fullmatch(scalars.line(value)):
        raise Wrong("is not a Plivo auth id", "it has 20 letters and digits and begins with MA or SA")
    return scalars.line(value)


def token(value: object) -> SecretStr:
    """A Plivo auth token; a problem never repeats it."""
    text = scalars.text(value)
    if not _TOKEN.fullmatch(text):
        raise Wrong("is not an auth token", "it has letters and digits, and no spaces")
    return SecretStr(text)


def read_token(path: Path) -> SecretStr:
    """The auth token in a file, without the white space around it. Raises Wrong where there is none to read."""
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_TOKEN_FILE)
    except OSError as error:
        raise Wrong(f"{scalars.show(str(path))} cannot be read: {error.strerror}") from None
    try:
        return token(content.decode("ascii").strip())
    except ValueError:
        raise Wrong(f"{scalars.show(str(path))} does not hold an auth token", "write the token into it") from None


def _url(value: object) -> str:
    text = scalars.line(value)
    if not _is_http(text):
        raise Wrong("is not an http or https URL", "write for example https://api.plivo.com")
    parts = urlsplit(text)
    if parts.query or parts.fragment or parts.username is not None:
        raise Wrong("must not have a user, a query or a fragment", "write for example https://api.plivo.com")
    return text.rstrip("/")


def _proxy(value: object) -> str:
    text = scalars.line(value)
    if not _is_http(text):
        raise Wrong("is not an http or https URL", "write for example http://proxy.example:3128")
    return text


def _is_http(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and text.isprintable()
            and " " not in text
        )
    except ValueError:
        return False


def _rate(value: object) -> float:
    return scalars.number(value, 0, 1000)


def _threads(value: object) -> int:
    return scalars.whole(value, 1, 100)


def _timeout(value: object) -> timedelta:
    return scalars.between(scalars.seconds(value), timedelta(milliseconds=1), timedelta(hours=1))


def _delays(value: object) -> list[object]:
    if not isinstance(value, list):
        raise Wrong(f"must be a list of delays, not {scalars.kind(value)}", "write [0s, 1m, 5m, 15m]")
    return value


def _format(value: object) -> Literal["auto", "text", "json"]:
    return scalars.choice(value, _FORMATS)


def _level(value: object) -> Literal["debug", "info", "warning", "error"]:
    return scalars.choice(value, _LEVELS)


def _price(value: object) -> float:
    return scalars.number(value, 0, 1000)


def _currency(value: object) -> str:
    word = scalars.line(value)
    if not _CURRENCY.fullmatch(word):
        raise Wrong(f"{scalars.show(word)} is not a currency", "write a code such as USD")
    return word


def _deliveries(value: object) -> int:
    return scalars.whole(value, 1, 10_000_000)


def _spend(value: object) -> float:
    return scalars.number(value, 0, 10_000_000)


def _quiet_hours(value: object) -> str:
    """Read by hand: the room that knows hours and zones lies above this one."""
    word = scalars.line(value).strip()
    match = _HOURS.fullmatch(word)
    if match is None or match[1] == match[2]:
        raise Wrong(f"{scalars.show(word)} are not quiet hours", "write them like 21:00-08:00")
    return word


def _on_quiet(value: object) -> OnQuiet:
    return scalars.choice(value, {each.value: each for each in OnQuiet})


_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})")


def _listen(value: object) -> str:
    """HOST:PORT; an IPv6 address stands in brackets."""
    word = scalars.line(value).strip()
    match = _LISTEN.fullmatch(word)
    if match is None or not 0 < int(match[3]) < 65536:
        raise Wrong(
            f"{scalars.show(word)} is not an address to listen on", "write one like 127.0.0.1:9764 or [::1]:9764"
        )
    return word


def _prom(value: object) -> Path:
    path = _path(value)
    if path.suffix != ".prom":
        raise Wrong(f"{scalars.show(str(path))} does not end in .prom", "node_exporter reads no other files")
    return path


def _argv(value: object) -> tuple[str, ...]:
    """A program and its arguments; no shell reads them."""
    words = tuple(scalars.line(word) for word in (value if isinstance(value, list) else [value]))
    if not words:
        raise Wrong("is empty", "write a program, or a list of it and its arguments")
    if not os.path.isabs(words[0]):  # noqa: PTH117 - a word, no path of ours
        hint = "write a list: the program's path from / on, then its arguments; no shell reads it"
        raise Wrong(f"{scalars.show(words[0])} is not the whole path of a program", hint)
    return words


def _hook(value: object) -> str:
    text = scalars.line(value)
    if not _is_http(text):
        raise Wrong("is not an http or https URL", "write for example https://hooks.example/reminderd")
    return text


def _waiting(value: object) -> timedelta:
    return scalars.between(scalars.span(value), timedelta(seconds=10), timedelta(days=7))


def _every(value: object) -> timedelta:
    return scalars.between(scalars.span(value), timedelta(seconds=10), timedelta(days=1))


def _kept(least: timedelta) -> Callable[[object], timedelta | None]:
    """How long something is kept; None for ever."""

    def kept(value: object) -> timedelta | None:
        if isinstance(value, str) and value.strip() == "forever":
            return None
        return scalars.between(scalars.span(value), least, timedelta(days=3660))

    return kept


def _section(value: object) -> object:
    """A section whose keys are all commented out is empty."""
    return {} if scalars.is_null(value) else value


AnyPath = Annotated[Path, BeforeValidator(_path)]
File = Annotated[Path, BeforeValidator(_file)]
Timeout = Annotated[timedelta, BeforeValidator(_timeout)]
Delay = Annotated[timedelta, BeforeValidator(scalars.seconds)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PlivoSettings(_Section):
    """How to reach Plivo. rate: messages a second, 0 for no pacing. deadline: of one request over all.

    receipts: how long after it was accepted Plivo is asked what became of a message; nothing: never.
    price: of one segment, in `currency`; None where costs are not shown.
    """

    auth_id: Annotated[str, BeforeValidator(_account)] | None = None
    auth_token: Annotated[SecretStr, BeforeValidator(token)] | None = None
    auth_token_file: File | None = None
    sender: Annotated[str, BeforeValidator(scalars.sender)] | None = None
    shared_sender: Annotated[bool, BeforeValidator(scalars.boolean)] = False
    url: Annotated[str, BeforeValidator(_url)] = "https://api.plivo.com"
    rate: Annotated[float, BeforeValidator(_rate)] = 5.0
    threads: Annotated[int, BeforeValidator(_threads)] = 8
    connect_timeout: Timeout = timedelta(seconds=5)
    read_timeout: Timeout = timedelta(seconds=30)
    deadline: Timeout = timedelta(seconds=60)
    reconcile: Annotated[tuple[Delay, ...], BeforeValidator(_delays)] = (
        timedelta(0),
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
    )
    receipts: Annotated[tuple[Delay, ...], BeforeValidator(_delays)] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(hours=6),
        timedelta(hours=24),
    )
    price: Annotated[float, BeforeValidator(_price)] | None = None
    currency: Annotated[str, BeforeValidator(_currency)] = "USD"
    proxy: Annotated[str, BeforeValidator(_proxy)] | None = Field(default=None, repr=False)
    ca_file: File | None = None

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.auth_token and self.auth_token_file:
            raise Wrong("auth_token and auth_token_file exclude each other", "remove one", ("auth_token_file",))
        return self


class LogSettings(_Section):
    """How to log. format: auto is text, and under systemd straight into the journal."""

    format: Annotated[Literal["auto", "text", "json"], BeforeValidator(_format)] = "auto"
    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_level)] = "info"


class LimitSettings(_Section):
    """What may go out without being asked for; what would exceed it is on hold. Days are 24 hours, by the times due."""

    per_occurrence: Annotated[int, BeforeValidator(_deliveries)] = 1000
    per_job_and_day: Annotated[int, BeforeValidator(_deliveries)] | None = None
    per_recipient_and_day: Annotated[int, BeforeValidator(_deliveries)] | None = None
    spend_per_day: Annotated[float, BeforeValidator(_spend)] | None = None

    @property
    def limits(self) -> Limits:
        return Limits(self.per_occurrence, self.per_job_and_day, self.per_recipient_and_day, self.spend_per_day)


class WebSettings(_Section):
    """The listener. listen: HOST:PORT; None: none, unless systemd hands a socket over."""

    listen: Annotated[str, BeforeValidator(_listen)] | None = None


class MetricsSettings(_Section):
    """Figures without a listener. textfile: a file for node_exporter's textfile collector; None: none."""

    textfile: Annotated[Path, BeforeValidator(_prom)] | None = None


class AlertSettings(_Section):
    """Who is told what needs someone. command: a program and its arguments. url: where it is posted.

    overdue_after: how long a message may wait past its time before it counts as overdue.
    """

    command: Annotated[tuple[str, ...], BeforeValidator(_argv)] | None = None
    url: Annotated[str, BeforeValidator(_hook)] | None = Field(default=None, repr=False)
    overdue_after: Annotated[timedelta, BeforeValidator(_waiting)] = timedelta(minutes=5)


class HeartbeatSettings(_Section):
    """An address that is asked for every so often while all is well, as watchers of cron jobs offer it."""

    url: Annotated[str, BeforeValidator(_hook)] | None = Field(default=None, repr=False)
    every: Annotated[timedelta, BeforeValidator(_every)] = timedelta(minutes=1)


class RetentionSettings(_Section):
    """How long the state keeps what is over; None: for ever. text: texts and names. deliveries: all but that it was sent."""

    text: Annotated[timedelta | None, BeforeValidator(_kept(timedelta(days=1)))] = timedelta(days=30)
    deliveries: Annotated[timedelta | None, BeforeValidator(_kept(timedelta(days=7)))] = timedelta(days=400)

    @model_validator(mode="after")
    def _texts_go_first(self) -> Self:
        # Where only one is given the other, a default, gives way; a text that is kept for ever goes with its delivery.
        given = self.model_fields_set >= {"text", "deliveries"}
        if given and self.text is not None and self.deliveries is not None and self.text > self.deliveries:
            message = "a text cannot be kept for longer than its delivery"
            raise Wrong(message, "lengthen deliveries, or shorten text", ("text",))
        return self


class Settings(_Section):
    """All settings, checked. jobs: files and directories of job files. state: the database.

    templates, recipients: the directories of templates and of groups; None for those beside the first directory of jobs.

    marks: where this host keeps what shows that a state is older than what was sent; None for the usual place.
    host: this host's name as far as the state is concerned; None for its machine-id.
    """

    jobs: Annotated[tuple[AnyPath, ...], BeforeValidator(_one_or_more)] = (Path("/etc/reminderd/jobs.d"),)
    state: AnyPath = Path("/var/lib/reminderd/state.db")
    marks: AnyPath | None = None
    host: Annotated[str, BeforeValidator(_host)] | None = None
    timezone: Annotated[str, BeforeValidator(scalars.zone)] = "UTC"
    templates: AnyPath | None = None
    recipients: AnyPath | None = None
    quiet_hours: Annotated[str, BeforeValidator(_quiet_hours)] | None = None
    on_quiet: Annotated[OnQuiet, BeforeValidator(_on_quiet)] = OnQuiet.WAIT
    smart_punctuation: Annotated[bool, BeforeValidator(scalars.boolean)] = False
    limits: Annotated[LimitSettings, BeforeValidator(_section)] = LimitSettings()
    plivo: Annotated[PlivoSettings, BeforeValidator(_section)] = PlivoSettings()
    retention: Annotated[RetentionSettings, BeforeValidator(_section)] = RetentionSettings()
    web: Annotated[WebSettings, BeforeValidator(_section)] = WebSettings()
    metrics: Annotated[MetricsSettings, BeforeValidator(_section)] = MetricsSettings()
    alerts: Annotated[AlertSettings, BeforeValidator(_section)] = AlertSettings()
    heartbeat: Annotated[HeartbeatSettings, BeforeValidator(_section)] = HeartbeatSettings()
    log: Annotated[LogSettings, BeforeValidator(_section)] = LogSettings()

    @model_validator(mode="after")
    def _spend_has_a_price(self) -> Self:
        if self.limits.spend_per_day is not None and self.plivo.price is None:
            message = "nobody knows what a message costs"
            raise Wrong(message, "give plivo.price, the price of one segment", ("limits", "spend_per_day"))
        return self

    @model_validator(mode="after")
    def _marks_stay_behind(self) -> Self:
        if self.marks is None:
            return self
        # Not Path's own: it raises for links that lead in a circle.
        marks, state = Path(os.path.realpath(self.marks)), Path(os.path.realpath(self.state))
        if marks.is_relative_to(state.parent):
            message = "lies in the directory of the state, and would be put back with it"
            raise Wrong(message, "keep it where a backup of the state does not reach", ("marks",))
        return self

    @property
    def defaults(self) -> Defaults:
        """What jobs get that do not say it themselves."""
        return Defaults(self.timezone, self.plivo.sender, self._quiet(), self.on_quiet, self.smart_punctuation)

    def _quiet(self) -> QuietHours | None:
        if self.quiet_hours is None:
            return None
        start, end = (int(part[:2]) * 60 + int(part[3:]) for part in self.quiet_hours.split("-"))
        return QuietHours(start, end)
