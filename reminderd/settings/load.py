"""The daemon's settings, gathered from arguments, the environment, a file and defaults, in this order of weight."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from reminderd.document import MAX_SIZE, Document, Fault, Loc, fault_of, faults, load
from reminderd.document.scalars import Wrong, clean, did_you_mean, is_null, kind
from reminderd.model import Problem
from reminderd.settings.grants import read_grants
from reminderd.settings.model import (
    AlertSettings,
    HeartbeatSettings,
    LimitSettings,
    LogSettings,
    MetricsSettings,
    PlivoSettings,
    RetentionSettings,
    Settings,
    WebSettings,
)
from reminderd.settings.values import read_token

__all__ = [
    "DEFAULT_CONFIG",
    "SYSTEM_TOKEN",
    "VARIABLES",
    "AlertSettings",
    "HeartbeatSettings",
    "LimitSettings",
    "LogSettings",
    "MetricsSettings",
    "PlivoSettings",
    "RetentionSettings",
    "Settings",
    "WebSettings",
    "load_settings",
    "usable_settings",
]

DEFAULT_CONFIG = Path("/etc/reminderd/reminderd.yaml")

_PREFIX = "REMINDERD_"
_CONFIG_VARIABLE = "REMINDERD_CONFIG"
_SECTIONS: Mapping[str, type[BaseModel]] = {
    "limits": LimitSettings,
    "plivo": PlivoSettings,
    "retention": RetentionSettings,
    "web": WebSettings,
    "metrics": MetricsSettings,
    "alerts": AlertSettings,
    "heartbeat": HeartbeatSettings,
    "log": LogSettings,
}
_KEYS: Mapping[Loc, tuple[str, ...]] = {
    (): tuple(Settings.model_fields),
    **{(section,): tuple(model.model_fields) for section, model in _SECTIONS.items()},
}
_LEAVES = [(*group, key) for group, keys in _KEYS.items() for key in keys if key not in _SECTIONS]
# The environment variable of each setting: REMINDERD_STATE, REMINDERD_PLIVO__URL.
VARIABLES: Mapping[str, Loc] = {_PREFIX + "__".join(map(str, loc)).upper(): loc for loc in _LEAVES}
# What Plivo's own tools call the credentials; these weigh less than our own variables.
_PLIVO_VARIABLES: Mapping[str, Loc] = {
    "PLIVO_AUTH_ID": ("plivo", "auth_id"),
    "PLIVO_AUTH_TOKEN": ("plivo", "auth_token"),
}
_LISTS: set[Loc] = {
    ("jobs",),
    ("alerts", "command"),
    ("plivo", "reconcile"),
    ("plivo", "receipts"),
    ("web", "tokens"),
    ("web", "forwarded"),
}
_PATHS: set[Loc] = {
    ("jobs",),
    ("state",),
    ("marks",),
    ("templates",),
    ("recipients",),
    ("plivo", "auth_token_file"),
    ("plivo", "ca_file"),
    ("metrics", "textfile"),
    ("web", "write_to"),
    ("web", "tokens_file"),
    ("web", "tls_certificate"),
    ("web", "tls_key"),
}
_TOKENS: set[Loc] = {("plivo", "auth_token"), ("plivo", "auth_token_file")}
# Where systemd puts what LoadCredential= names, and the names under which our unit has the auth token, and tokens of
# the listener, there.
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"
_AUTH_TOKEN, _WEB_TOKENS = "plivo-token", "web-tokens"
SYSTEM_TOKEN = Path("/etc/reminderd/plivo-token")  # the file that the unit as shipped hands over so


class _Given(NamedTuple):
    """A value that does not come from the file: from the environment or the arguments, and under which name."""

    value: Any
    source: str
    name: str


_Layer = Mapping[Loc, _Given]


def load_settings(
    config: Path | None,
    environ: Mapping[str, str],
    *,
    jobs: Sequence[str] = (),
    state: str | None = None,
    content: bytes | None = None,
) -> tuple[Settings | None, list[Problem]]:
    """The settings, or all that is wrong with them.

    config: the file; without it $REMINDERD_CONFIG, else the default file if there is one. jobs, state: the arguments.
    content: what the file will say, which then need not be there.
    Relative paths are relative to the directory of the file they are written in, others to the current one.
    Where nothing else gives the auth token, a credential of systemd does; so it is with the listener's tokens.
    """
    gathered, problems = _gather(config_path(config, environ), environ, jobs, state, content)
    settings, wrong = gathered.settings(environ)
    problems += wrong
    return (None, problems) if problems else (settings, [])


def usable_settings(
    config: Path | None, environ: Mapping[str, str], *, jobs: Sequence[str] = (), state: str | None = None
) -> tuple[Settings, list[Problem]]:
    """The settings as far as they can be used, and all that is wrong with the rest; what is wrong counts as not given.

    For those who look at a machine whose settings are broken; nobody runs on them. The arguments are those of
    `load_settings`.
    """
    gathered, problems = _gather(config_path(config, environ), environ, jobs, state)
    settings, wrong = gathered.settings(environ)
    return (gathered.usable() if settings is None else settings), [*problems, *wrong]


def _gather(
    path: Path | None, environ: Mapping[str, str], jobs: Sequence[str], state: str | None, content: bytes | None = None
) -> "tuple[_Gathered, list[Problem]]":
    document, problems = _read_file(path) if content is None else _understood(content, path or DEFAULT_CONFIG)
    problems += _unknown_variables(environ)
    gathered = _Gathered(document)
    gathered.add(_environment(environ, _PLIVO_VARIABLES))
    gathered.add(_environment(environ, VARIABLES))
    gathered.add(_arguments(jobs, state))
    return gathered, problems


def config_path(config: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The settings file that was asked for, in the arguments or the environment; None: the default one, if it is there."""
    named = environ.get(_CONFIG_VARIABLE)
    return config or (Path(named) if named else None)


def _read_file(path: Path | None) -> tuple[Document | None, list[Problem]]:
    chosen = path or DEFAULT_CONFIG
    try:
        if path is None and not chosen.exists():
            return None, []
        if chosen.exists() and not chosen.is_file():
            return None, [Problem(str(chosen), 0, 0, "", "is not a file")]
        with chosen.open("rb") as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as error:
        return None, [Problem(str(chosen), 0, 0, "", f"cannot be read: {error.strerror}")]
    return _understood(data, chosen)


def _understood(data: bytes, path: Path) -> tuple[Document | None, list[Problem]]:
    document, problems = load(data, str(path))
    if document is None or isinstance(document.value, dict):
        return document, problems
    wrong = Fault((), f"must be a mapping, not {kind(document.value)}", "write key: value lines")
    return None, [*problems, document.problem(wrong)]


def _unknown_variables(environ: Mapping[str, str]) -> list[Problem]:
    return [
        Problem("environment", 0, 0, clean(name), "unknown variable", did_you_mean(name, VARIABLES))
        for name in sorted(environ)
        if name.startswith(_PREFIX) and name not in VARIABLES and name != _CONFIG_VARIABLE
    ]


def _environment(environ: Mapping[str, str], variables: Mapping[str, Loc]) -> _Layer:
    """An empty variable counts as not set."""
    return {
        loc: _Given(_split(environ[name]) if loc in _LISTS else environ[name], "environment", name)
        for name, loc in variables.items()
        if environ.get(name)
    }


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _arguments(jobs: Sequence[str], state: str | None) -> _Layer:
    layer: dict[Loc, _Given] = {}
    if jobs:
        layer[("jobs",)] = _Given(list(jobs), "arguments", "--jobs")
    if state is not None:
        layer[("state",)] = _Given(state, "arguments", "--state")
    return layer


def _credential(environ: Mapping[str, str], name: str) -> Path | None:
    """The file of this name that systemd hands over; None where there is none."""
    folder = environ.get(CREDENTIALS_VARIABLE)
    if not folder:
        return None
    try:
        Path(folder, name).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:  # it is said when it is read
        pass
    return Path(folder, name)


class _Gathered:
    """The values of all layers, as the models take them, and where each that is not from the file comes from."""

    def __init__(self, document: Document | None) -> None:
        self._document = document
        self._values: dict[str, Any] = {}
        self._given: dict[Loc, _Given] = {}
        self._set_aside: list[Path] = []
        if document is not None:
            self._take_file(document)

    def _take_file(self, document: Document) -> None:
        base = Path(document.file).parent
        for key, value in document.value.items():
            if key in _SECTIONS:
                value = {} if is_null(value) else value
                if isinstance(value, dict):
                    value = {k: _rebased(base, v) if (key, k) in _PATHS else v for k, v in value.items()}
            self._values[key] = _rebased(base, value) if (key,) in _PATHS else value

    def add(self, layer: _Layer) -> None:
        """Let a layer win over those before it. The auth token and its file are one thing to be won."""
        if not _TOKENS.isdisjoint(layer):
            for loc in _TOKENS:
                self._drop(loc)
        for loc, given in layer.items():
            self._put(loc, given)

    def _section(self, loc: Loc) -> Any:
        return self._values if len(loc) == 1 else self._values.setdefault(str(loc[0]), {})

    def _drop(self, loc: Loc) -> None:
        self._given.pop(loc, None)
        section = self._section(loc)
        if isinstance(section, dict):
            section.pop(loc[-1], None)

    def _put(self, loc: Loc, given: _Given) -> None:
        section = self._section(loc)
        if loc == ("jobs",):
            before = self._values.get("jobs")
            paths = before if isinstance(before, list) else [before]
            self._set_aside += [Path(each) for each in paths if isinstance(each, str)]
        if isinstance(section, dict):
            section[loc[-1]] = given.value
            self._given[loc] = given

    def settings(self, environ: Mapping[str, str]) -> tuple[Settings | None, list[Problem]]:
        """The settings, with what stands in files of their own or else in systemd's credentials, or what is wrong."""
        try:
            settings = Settings.model_validate(self._values).in_place_of(self._set_aside)
        except ValidationError as error:
            return None, [self._problem(fault) for fault in faults(error, _KEYS)]
        problems: list[Problem] = []
        settings = self._with_auth_token(settings, _credential(environ, _AUTH_TOKEN), problems)
        settings = self._with_web_tokens(settings, _credential(environ, _WEB_TOKENS), problems)
        return (None, problems) if problems else (settings, [])

    def _with_auth_token(self, settings: Settings, credential: Path | None, problems: list[Problem]) -> Settings:
        named = settings.plivo.auth_token_file
        file = credential if named is None and settings.plivo.auth_token is None else named
        if file is None:
            return settings
        try:
            plivo = settings.plivo.model_copy(update={"auth_token": read_token(file)})
        except Wrong as error:
            problems.append(self._unreadable(error, named, ("plivo", "auth_token_file"), _AUTH_TOKEN))
            return settings
        return settings.model_copy(update={"plivo": plivo})

    def _with_web_tokens(self, settings: Settings, credential: Path | None, problems: list[Problem]) -> Settings:
        web = settings.web
        file = credential if web.tokens_file is None else web.tokens_file
        if file is None:
            return settings
        try:
            tokens = (*web.tokens, *read_grants(file))
            if twice := _first_double([grant.name for grant in tokens]):
                raise Wrong(f"the name {twice!r} is taken by one of web.tokens", "give each token a name of its own")
        except Wrong as error:
            problems.append(self._unreadable(error, web.tokens_file, ("web", "tokens_file"), _WEB_TOKENS))
            return settings
        return settings.model_copy(update={"web": web.model_copy(update={"tokens": tokens})})

    def _unreadable(self, error: Wrong, named: Path | None, loc: Loc, credential: str) -> Problem:
        return _credential_problem(error, credential) if named is None else self._problem(fault_of(error, loc))

    def usable(self) -> Settings:
        """The settings without what is wrong in them."""
        while True:
            try:
                return Settings.model_validate(self._values).in_place_of(self._set_aside)
            except ValidationError as error:
                removed = [self._remove(self._leaf(fault.loc)) for fault in faults(error, _KEYS)]
                if not any(removed):
                    return Settings()  # what is wrong with the rest cannot be told

    def _leaf(self, loc: Loc) -> Loc:
        """The setting that a place is in."""
        in_section = len(loc) > 1 and loc[0] in _SECTIONS and isinstance(self._values.get(str(loc[0])), dict)
        return loc[:2] if in_section else loc[:1]

    def _remove(self, loc: Loc) -> bool:
        section = self._section(loc) if loc else None
        return isinstance(section, dict) and section.pop(loc[-1], None) is not None

    def _problem(self, fault: Fault) -> Problem:
        for end in range(len(fault.loc), 0, -1):
            given = self._given.get(fault.loc[:end])
            if given is not None:
                return Problem(given.source, 0, 0, given.name, clean(fault.message), clean(fault.hint))
        assert self._document is not None, "a value that nobody gave is a default, and right"
        return self._document.problem(fault)


def _credential_problem(error: Wrong, name: str) -> Problem:
    hint = f"mend the file that LoadCredential={name}: of the unit names, and restart: systemd copies it at the start"
    return Problem("credentials", 0, 0, name, clean(fault_of(error, ()).message), hint)


def _first_double(names: Sequence[str]) -> str | None:
    return next((name for number, name in enumerate(names) if name in names[:number]), None)


def _rebased(base: Path, value: Any) -> Any:
    """A path of the file, or a list of them, as seen from the current directory."""
    if isinstance(value, list):
        return [_rebased(base, each) for each in value]
    return str(base / value) if isinstance(value, str) and value and not is_null(value) else value
