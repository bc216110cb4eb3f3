"""The keys of the settings in words, and their JSON Schema."""

from collections.abc import Mapping

from reminderd.reference import shapes
from reminderd.reference.keys import Key, preset
from reminderd.reference.schema import document, mapping, without
from reminderd.reference.shapes import Shape

_PATH = shapes.LINE
_URL: Shape = {"type": "string", "pattern": r"^\s*[Hh][Tt][Tt][Pp][Ss]?://\S+$"}
_DELAYS: Shape = {"type": "array", "items": shapes.SECONDS}
_TIMEOUT: Shape = shapes.SECONDS
_GRANT = r"^\s*[A-Za-z0-9][A-Za-z0-9._-]{0,63}\s+(read|act|write)([+](read|act|write)){0,5}\s+sha256:[0-9a-f]{64}\s*$"
_KEPT: Shape = {"anyOf": [shapes.DURATION, {"const": "forever"}]}


LIMITS: tuple[Key, ...] = (
    preset(
        "per_occurrence", "a number", "How many messages one occurrence of a job may send.", shapes.WHOLE, [5000], 1000
    ),
    Key(
        "per_job_and_day",
        "a number",
        "How many messages a job may send within 24 hours.",
        shapes.WHOLE,
        [20000],
        "no limit",
    ),
    Key(
        "per_recipient_and_day",
        "a number",
        "How many messages one phone may get within 24 hours.",
        shapes.WHOLE,
        [10],
        "no limit",
    ),
    Key(
        "spend_per_day",
        "a number",
        "How much may be spent within 24 hours, in `plivo.currency`.",
        shapes.AMOUNT,
        [50],
        "no limit",
    ),
)

PLIVO: tuple[Key, ...] = (
    Key(
        "auth_id",
        "20 letters and digits",
        "The account's auth id, which begins with MA or SA.",
        {"type": "string", "pattern": "^(MA|SA)[A-Za-z0-9]{18}$"},
        ["MAXXXXXXXXXXXXXXXXXX"],
    ),
    Key(
        "auth_token",
        "text",
        "The auth token. Better kept in a file of its own.",
        {**shapes.TEXT, "pattern": r"^[!-~]{1,500}$"},
    ),
    Key("auth_token_file", "a path", "A file that holds the auth token.", _PATH, ["/etc/reminderd/plivo-token"]),
    Key(
        "sender",
        "a number, or up to 11 letters and digits",
        "Who the messages of jobs come from that name no sender.",
        shapes.SENDER,
        ["+14155550100"],
    ),
    preset(
        "shared_sender",
        "`true`, `false`",
        "Other programs send from this number too: a row of Plivo's log is then a candidate and settles nothing.",
        shapes.TRUTH,
        [True],
        False,
    ),
    preset(
        "url", "an http or https URL", "Where Plivo's API is.", _URL, ["http://127.0.0.1:8080"], "https://api.plivo.com"
    ),
    preset(
        "rate",
        "a number up to 1000",
        "How many messages are sent in a second; 0 for no pacing.",
        {**shapes.AMOUNT, "maximum": 1000},
        [5],
        5,
    ),
    preset(
        "threads", "a number from 1 to 100", "How many requests may be under way at once.", shapes.whole(1, 100), [8], 8
    ),
    preset("connect_timeout", "a duration", "How long a connection may take.", _TIMEOUT, ["5s"], "5s"),
    preset("read_timeout", "a duration", "How long an answer may be awaited.", _TIMEOUT, ["30s"], "30s"),
    preset("deadline", "a duration", "How long one request may take as a whole.", _TIMEOUT, ["60s"], "60s"),
    preset(
        "reconcile",
        "a list of delays",
        "When what is in doubt is looked up in Plivo's log.",
        _DELAYS,
        [["0s", "1m", "5m", "15m"]],
        ["0s", "1m", "5m", "15m"],
    ),
    preset(
        "receipts",
        "a list of delays; `[]` for never",
        "How long after it was accepted Plivo is asked what became of a message.",
        _DELAYS,
        [["1m", "5m", "15m", "1h", "6h", "24h"]],
        ["1m", "5m", "15m", "1h", "6h", "24h"],
    ),
    Key(
        "price",
        "a number",
        "What one segment costs, in `currency`.",
        {**shapes.AMOUNT, "maximum": 1000},
        [0.0079],
        "costs are not shown",
    ),
    preset(
        "currency",
        "three letters",
        "The currency of `price` and of `limits.spend_per_day`.",
        {"type": "string", "pattern": "^[A-Z]{3}$"},
        ["EUR"],
        "USD",
    ),
    Key(
        "proxy",
        "an http or https URL",
        "A proxy on the way to Plivo.",
        _URL,
        ["http://proxy.example:3128"],
        "`HTTPS_PROXY` and `NO_PROXY` of the environment",
    ),
    Key(
        "ca_file",
        "a path",
        "The certificates that are trusted.",
        _PATH,
        ["/etc/ssl/certs/ca-certificates.crt"],
        "`SSL_CERT_FILE` of the environment, else the system's",
    ),
)

LOG: tuple[Key, ...] = (
    preset(
        "format",
        "`auto`, `text`, `json`",
        "How lines are written; `auto` is text, and under systemd straight into the journal, with fields.",
        shapes.one_of("auto", "text", "json"),
        ["json"],
        "auto",
    ),
    preset(
        "level",
        "`debug`, `info`, `warning`, `error`",
        "From which level on lines are written.",
        shapes.one_of("debug", "info", "warning", "error"),
        ["debug"],
        "info",
    ),
)

RETENTION: tuple[Key, ...] = (
    preset(
        "text",
        "a duration of at least 1d, or `forever`",
        "How long texts and names of messages are kept after all is settled.",
        _KEPT,
        ["30d", "forever"],
        "30d",
    ),
    preset(
        "deliveries",
        "a duration of at least 7d, or `forever`",
        "How long deliveries and their attempts are kept; that something was sent is never forgotten.",
        _KEPT,
        ["400d", "forever"],
        "400d",
    ),
)

WEB: tuple[Key, ...] = (
    Key(
        "listen",
        "`HOST:PORT`",
        "Where the listener with `/metrics`, `/healthz`, `/readyz` and `/health/scheduled` is. Needs the extra `web`.",
        {"type": "string", "pattern": r"^\s*(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}\s*$"},
        ["127.0.0.1:9764"],
        "no listener",
    ),
    Key(
        "public_url",
        "an http or https URL",
        "How Plivo reaches the listener. With it Plivo reports by itself what became of each message, and hands on what people write.",
        _URL,
        ["https://reminders.example"],
        "Plivo is asked",
    ),
    Key(
        "write_to",
        "a directory",
        "Where reminders that are made through the API are written. It is read like those of `jobs`.",
        _PATH,
        ["/var/lib/reminderd/jobs"],
        "`jobs` beside the state",
    ),
    Key(
        "tokens",
        "a list of lines `NAME SCOPE+SCOPE sha256:DIGEST`",
        "Who may use the API, and act on the page; scopes are `read`, `act`, `write`. `reminderd token` makes such a line.",
        shapes.one_or_more({"type": "string", "pattern": _GRANT}),
        [["ci write sha256:f758b80411c07b2243bfe23765e2fd448c847a17f7a71c86c739d2f3b28b4e66"]],
        "nobody",
    ),
    Key(
        "tokens_file",
        "a file",
        "More such lines, one a line.",
        _PATH,
        ["/etc/reminderd/web-tokens"],
        "systemd's credential `web-tokens`",
    ),
    preset(
        "look",
        "`local`, `token`, `anyone`",
        "Who may look at the page without a token. `local`: who comes from this machine itself, as long as there is no `public_url`.",
        shapes.one_of("local", "token", "anyone"),
        ["token"],
        "local",
    ),
    preset(
        "rate",
        "a number from 0.1 to 100000",
        "How many requests a second one token, or one address without any, may make.",
        {**shapes.AMOUNT, "minimum": 0.1, "maximum": 100_000},
        [20],
        20,
    ),
    Key(
        "tls_certificate",
        "a file",
        "The listener's certificate, and those between it and its authority, as PEM. Needs `tls_key`.",
        _PATH,
        ["/etc/reminderd/tls.crt"],
        "no TLS",
    ),
    Key("tls_key", "a file", "The certificate's private key, as PEM.", _PATH, ["/etc/reminderd/tls.key"], "no TLS"),
    Key(
        "forwarded",
        "an address or a network, or a list of them",
        "The proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.",
        shapes.one_or_more({"type": "string", "pattern": r"^\s*[0-9A-Fa-f.:]+(/[0-9]{1,3})?\s*$"}),
        ["127.0.0.1", ["10.0.0.0/8", "::1"]],
        "nobody",
    ),
)

METRICS: tuple[Key, ...] = (
    Key(
        "textfile",
        "a path that ends in `.prom`",
        "A file that is kept current for node_exporter's textfile collector. Needs the extra `web`.",
        {"type": "string", "pattern": r"\.prom$"},
        ["/var/lib/prometheus/node-exporter-reminderd/reminderd.prom"],
        "no file",
    ),
)

ALERTS: tuple[Key, ...] = (
    Key(
        "command",
        "a program, or a list of it and its arguments",
        "What is run when something needs someone, and again when it is over.",
        shapes.one_or_more(_PATH),
        ["/usr/local/bin/page", ["/usr/local/bin/page", "--team", "ops"]],
        "none",
    ),
    Key(
        "url", "an http or https URL", "Where the same is posted as JSON.", _URL, ["https://hooks.example/ops"], "none"
    ),
    preset(
        "overdue_after",
        "a duration from 10s to 7d",
        "How long a message may wait past its time before it counts as overdue.",
        shapes.DURATION,
        ["5m"],
        "5m",
    ),
)

HEARTBEAT: tuple[Key, ...] = (
    Key(
        "url",
        "an http or https URL",
        "What is asked for while the loop, the state and the gateway are well; a watcher elsewhere notices when it is not.",
        _URL,
        ["https://hc-ping.example/uuid"],
        "none",
    ),
    preset("every", "a duration from 10s to 1d", "How often.", shapes.DURATION, ["1m"], "1m"),
)

SETTINGS: tuple[Key, ...] = (
    preset(
        "jobs",
        "a directory, or a list of them",
        "Where the job files are.",
        shapes.one_or_more(_PATH),
        ["/etc/reminderd/jobs.d"],
        "/etc/reminderd/jobs.d",
    ),
    preset(
        "state",
        "a path",
        "The file of the state.",
        _PATH,
        ["/var/lib/reminderd/state.db"],
        "/var/lib/reminderd/state.db",
    ),
    Key(
        "marks",
        "a directory",
        "What this host has sent, kept outside the state's directory: by it a backup that was put back is noticed.",
        _PATH,
        ["/var/lib/reminderd-marks"],
        "`/var/lib/reminderd-marks`, or a place in the user's own directory",
    ),
    Key(
        "host",
        "letters, digits, `.`, `_`, `-`",
        "This host's name as far as the state is concerned.",
        {**shapes.TEXT, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$"},
        ["reminders-1"],
        "the machine-id",
    ),
    preset("timezone", "an IANA name", "The zone of jobs that name none.", shapes.ZONE, ["Europe/Berlin"], "UTC"),
    Key(
        "templates",
        "a directory",
        "Where the files of `template` and `include` are.",
        _PATH,
        ["/etc/reminderd/templates"],
        "`templates` beside the first directory of jobs",
    ),
    Key(
        "recipients",
        "a directory",
        "Where the groups of recipients are.",
        _PATH,
        ["/etc/reminderd/recipients.d"],
        "`recipients.d` beside the first directory of jobs",
    ),
    Key(
        "quiet_hours",
        "`21:00-08:00`",
        "A stretch of each day, in the recipient's zone, in which jobs that say nothing else send nothing.",
        {"type": "string", "pattern": r"^\s*([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]\s*$"},
        ["21:00-08:00"],
        "no quiet hours",
    ),
    preset(
        "on_quiet",
        "`wait`, `drop`",
        "What jobs that say nothing else do with a message due in quiet hours.",
        shapes.one_of("wait", "drop"),
        ["drop"],
        "wait",
    ),
    preset(
        "smart_punctuation",
        "`true`, `false`",
        "Send typographic quotes and dashes as plain ones.",
        shapes.TRUTH,
        [True],
        False,
    ),
    preset(
        "limits",
        "a mapping",
        "What would exceed one of them is on hold until it is approved.",
        shapes.MAPPING,
        [{"per_occurrence": 5000}],
        {},
    ),
    preset("plivo", "a mapping", "How to reach Plivo.", shapes.MAPPING, [], {}),
    preset("retention", "a mapping", "How long the state keeps what is over.", shapes.MAPPING, [], {}),
    preset("web", "a mapping", "A listener for watchers; off by default.", shapes.MAPPING, [], {}),
    preset("metrics", "a mapping", "The same figures without a listener.", shapes.MAPPING, [], {}),
    preset("alerts", "a mapping", "Who is told what needs someone.", shapes.MAPPING, [], {}),
    preset("heartbeat", "a mapping", "A sign of life for a watcher elsewhere.", shapes.MAPPING, [], {}),
    preset("log", "a mapping", "How to log.", shapes.MAPPING, [], {}),
)

SECTIONS: Mapping[str, tuple[Key, ...]] = {
    "limits": LIMITS,
    "plivo": PLIVO,
    "retention": RETENTION,
    "web": WEB,
    "metrics": METRICS,
    "alerts": ALERTS,
    "heartbeat": HEARTBEAT,
    "log": LOG,
}


def settings_files(draft: str) -> Shape:
    """The schema of reminderd.yaml."""
    return document("Settings of reminderd", _FILE, {}, draft)


def _section(keys: tuple[Key, ...], more: Shape | None = None) -> Shape:
    """A section whose keys are all commented out is empty."""
    return {**mapping(keys), **(more or {}), "type": ["object", "null"]}


_FILE: Shape = {
    **mapping(
        SETTINGS,
        {
            "limits": _section(LIMITS),
            "plivo": _section(PLIVO, {"allOf": [without("auth_token", "auth_token_file")]}),
            "retention": _section(RETENTION),
            "web": _section(
                WEB, {"dependentRequired": {"tls_certificate": ["tls_key"], "tls_key": ["tls_certificate"]}}
            ),
            "metrics": _section(METRICS),
            "alerts": _section(ALERTS),
            "heartbeat": _section(HEARTBEAT),
            "log": _section(LOG),
        },
    ),
    "description": "The daemon's own settings.",
    "type": ["object", "null"],
}
