"""What the daemon's settings are, and what each may be."""

import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, SecretStr, model_validator

from reminderd.document import scalars
from reminderd.document.scalars import Wrong
from reminderd.model import Defaults, Limits, OnQuiet, QuietHours
from reminderd.settings import values
from reminderd.settings.grants import Grant

AnyPath = Annotated[Path, BeforeValidator(values.path)]
File = Annotated[Path, BeforeValidator(values.file)]
Timeout = Annotated[timedelta, BeforeValidator(values.timeout)]
Delay = Annotated[timedelta, BeforeValidator(scalars.seconds)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PlivoSettings(_Section):
    """How to reach Plivo. rate: messages a second, 0 for no pacing. deadline: of one request over all.

    receipts: how long after it was accepted Plivo is asked what became of a message; nothing: never.
    price: of one segment, in `currency`; None where costs are not shown.
    """

    auth_id: Annotated[str, BeforeValidator(values.account)] | None = None
    auth_token: Annotated[SecretStr, BeforeValidator(values.token)] | None = None
    auth_token_file: File | None = None
    sender: Annotated[str, BeforeValidator(scalars.sender)] | None = None
    shared_sender: Annotated[bool, BeforeValidator(scalars.boolean)] = False
    url: Annotated[str, BeforeValidator(values.url)] = "https://api.plivo.com"
    rate: Annotated[float, BeforeValidator(values.rate)] = 5.0
    threads: Annotated[int, BeforeValidator(values.threads)] = 8
    connect_timeout: Timeout = timedelta(seconds=5)
    read_timeout: Timeout = timedelta(seconds=30)
    deadline: Timeout = timedelta(seconds=60)
    reconcile: Annotated[tuple[Delay, ...], BeforeValidator(values.delays)] = (
        timedelta(0),
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
    )
    receipts: Annotated[tuple[Delay, ...], BeforeValidator(values.delays)] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(hours=6),
        timedelta(hours=24),
    )
    price: Annotated[float, BeforeValidator(values.price)] | None = None
    currency: Annotated[str, BeforeValidator(values.currency)] = "USD"
    proxy: Annotated[str, BeforeValidator(values.proxy)] | None = Field(default=None, repr=False)
    ca_file: File | None = None

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.auth_token and self.auth_token_file:
            raise Wrong("auth_token and auth_token_file exclude each other", "remove one", ("auth_token_file",))
        return self


class LogSettings(_Section):
    """How to log. format: auto is text, and under systemd straight into the journal."""

    format: Annotated[Literal["auto", "text", "json"], BeforeValidator(values.format)] = "auto"
    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(values.level)] = "info"


class LimitSettings(_Section):
    """What may go out without being asked for; what would exceed it is on hold. Days are 24 hours, by the times due."""

    per_occurrence: Annotated[int, BeforeValidator(values.deliveries)] = 1000
    per_job_and_day: Annotated[int, BeforeValidator(values.deliveries)] | None = None
    per_recipient_and_day: Annotated[int, BeforeValidator(values.deliveries)] | None = None
    spend_per_day: Annotated[float, BeforeValidator(values.spend)] | None = None

    @property
    def limits(self) -> Limits:
        return Limits(self.per_occurrence, self.per_job_and_day, self.per_recipient_and_day, self.spend_per_day)


class WebSettings(_Section):
    """The listener. listen: HOST:PORT; None: none, unless systemd hands a socket over.

    public_url: how Plivo reaches it, without a slash at its end; None where it cannot. write_to: where reminders made through
    the API are written; None for `jobs` beside the state. tokens: lines that `read_grant` takes; tokens_file: more of them.
    look: who may see the page without a token. rate: requests a second, of one token or one address. forwarded: the proxies whose word
    counts for who asks.
    """

    listen: Annotated[str, BeforeValidator(values.listen)] | None = None
    public_url: Annotated[str, BeforeValidator(values.url)] | None = None
    write_to: AnyPath | None = None
    tokens: Annotated[tuple[Grant, ...], BeforeValidator(values.grants)] = ()
    tokens_file: File | None = None
    look: Annotated[Literal["local", "token", "anyone"], BeforeValidator(values.look)] = "local"
    rate: Annotated[float, BeforeValidator(values.web_rate)] = 20.0
    tls_certificate: File | None = None
    tls_key: File | None = None
    forwarded: Annotated[tuple[values.Network, ...], BeforeValidator(values.networks)] = ()

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            missing = "tls_key" if self.tls_key is None else "tls_certificate"
            raise Wrong(
                f"needs {missing} beside it",
                f"give {missing} too",
                ("tls_certificate" if self.tls_certificate else "tls_key",),
            )
        return self

    @model_validator(mode="after")
    def _names_are_single(self) -> Self:
        names = [grant.name for grant in self.tokens]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise Wrong(f"two tokens are named {name!r}", "give each a name of its own", ("tokens",))
        return self


class MetricsSettings(_Section):
    """Figures without a listener. textfile: a file for node_exporter's textfile collector; None: none."""

    textfile: Annotated[Path, BeforeValidator(values.prom)] | None = None


class AlertSettings(_Section):
    """Who is told what needs someone. command: a program and its arguments. url: where it is posted.

    overdue_after: how long a message may wait past its time before it counts as overdue.
    """

    command: Annotated[tuple[str, ...], BeforeValidator(values.argv)] | None = None
    url: Annotated[str, BeforeValidator(values.hook)] | None = Field(default=None, repr=False)
    overdue_after: Annotated[timedelta, BeforeValidator(values.waiting)] = timedelta(minutes=5)


class HeartbeatSettings(_Section):
    """An address that is asked for every so often while all is well, as watchers of cron jobs offer it."""

    url: Annotated[str, BeforeValidator(values.hook)] | None = Field(default=None, repr=False)
    every: Annotated[timedelta, BeforeValidator(values.every)] = timedelta(minutes=1)


class RetentionSettings(_Section):
    """How long the state keeps what is over; None: for ever. text: texts and names. deliveries: all but that it was sent."""

    text: Annotated[timedelta | None, BeforeValidator(values.kept(timedelta(days=1)))] = timedelta(days=30)
    deliveries: Annotated[timedelta | None, BeforeValidator(values.kept(timedelta(days=7)))] = timedelta(days=400)

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

    jobs: Annotated[tuple[AnyPath, ...], BeforeValidator(values.one_or_more)] = (Path("/etc/reminderd/jobs.d"),)
    state: AnyPath = Path("/var/lib/reminderd/state.db")
    marks: AnyPath | None = None
    host: Annotated[str, BeforeValidator(values.host)] | None = None
    timezone: Annotated[str, BeforeValidator(scalars.zone)] = "UTC"
    templates: AnyPath | None = None
    recipients: AnyPath | None = None
    quiet_hours: Annotated[str, BeforeValidator(values.quiet_hours)] | None = None
    on_quiet: Annotated[OnQuiet, BeforeValidator(values.on_quiet)] = OnQuiet.WAIT
    smart_punctuation: Annotated[bool, BeforeValidator(scalars.boolean)] = False
    limits: Annotated[LimitSettings, BeforeValidator(values.section)] = LimitSettings()
    plivo: Annotated[PlivoSettings, BeforeValidator(values.section)] = PlivoSettings()
    retention: Annotated[RetentionSettings, BeforeValidator(values.section)] = RetentionSettings()
    web: Annotated[WebSettings, BeforeValidator(values.section)] = WebSettings()
    metrics: Annotated[MetricsSettings, BeforeValidator(values.section)] = MetricsSettings()
    alerts: Annotated[AlertSettings, BeforeValidator(values.section)] = AlertSettings()
    heartbeat: Annotated[HeartbeatSettings, BeforeValidator(values.section)] = HeartbeatSettings()
    log: Annotated[LogSettings, BeforeValidator(values.section)] = LogSettings()

    _set_aside: tuple[Path, ...] = PrivateAttr(())

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
    def written_to(self) -> Path:
        """Where reminders made through the API are written, by the name by which it is read. It may not be there."""
        wanted = self.web.write_to or self.state.parent / "jobs"
        return next((path for path in self.jobs if _is_same(path, wanted)), wanted)

    @property
    def reads(self) -> tuple[Path, ...]:
        """All files and directories of job files; whoever reads them wants `may_lack` too."""
        beside = () if any(_is_same(path, self.written_to) for path in self._set_aside) else (self.written_to,)
        return tuple(dict.fromkeys((*self.jobs, *beside)))

    @property
    def may_lack(self) -> tuple[Path, ...]:
        """Those of `reads` that need not be there: nobody has named them, and they are made when they are needed."""
        return tuple(path for path in self.reads if path not in self.jobs)

    def in_place_of(self, paths: Sequence[Path]) -> Self:
        """The same, where `jobs` was given in the place of these: what was set aside is not read by another name."""
        self._set_aside = tuple(paths)
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


def _is_same(one: Path, other: Path) -> bool:
    # Not Path's own: it raises for links that lead in a circle.
    return os.path.realpath(one) == os.path.realpath(other)
