"""Commands' sentences as callers of the API need them: what they would type becomes what they would ask."""

import re

_RULES = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"`reminderd history` lists them", "GET /api/v1/deliveries lists them"),
        (r"`reminderd list` shows them", "GET /api/v1/jobs lists them"),
        (r"`reminderd list` the jobs", "GET /api/v1/jobs the jobs"),
        (r"`reminderd opt-out list`", "GET /api/v1/opt-outs"),
        (r"`reminderd status`", "GET /api/v1/status"),
        (r"reminderd approve (\d+)", r"POST /api/v1/holds/\1/approve"),
        (r"reminderd why (\d+)", r"GET /api/v1/deliveries/\1"),
        (r"reminderd (retry|cancel|hold|release) (\d+)(?! ?\d| \.\.\.)", r"POST /api/v1/deliveries/\2/\1"),
        (r"reminderd (retry|cancel|hold|release) (\d[\d .]*)", r"POST /api/v1/deliveries/ID/\1, for each of \2"),
        (r"reminderd history (\S+)", r"GET /api/v1/deliveries?job=\1"),
        (r"reminderd resume --all", "POST /api/v1/resume"),
        (r"reminderd resume (\S+) --at (\S+)", r'POST /api/v1/jobs/\1/resume with {"at": "\2"}'),
        (r"reminderd resume ([^\s,;]+)", r"POST /api/v1/jobs/\1/resume"),
        (r"reminderd resolve (\d+) --not-sent --force", r'resolve with {"sent": false, "force": true}'),
        (r"reminderd resolve (\d+) --sent (?=takes)", r'resolve with {"sent": true} '),
        (r"reminderd resolve (\d+) --sent ([0-9A-Fa-f-]{36})", r'resolve with {"sent": true, "uuid": "\2"}'),
        (r"with ([0-9A-Fa-f-]{36}) --force", r'with {"uuid": "\1", "force": true}'),
        (r"reminderd test-send (\S+) --to PHONE", r"POST /api/v1/jobs/\1/test-send"),
        (r"reminderd opt-out remove (\S+) --sender ([^\s,;]+)", r"DELETE /api/v1/opt-outs/\1?sender=\2"),
        (r"reminderd opt-out remove ([^\s,;]+)", r"DELETE /api/v1/opt-outs/\1"),
        (r"--valid-for\b", "valid_for"),
        (r"(?<![\w-])--(all|as|at|sender|to|until|why)\b", r"\1"),
    )
]


def fitting(sentence: str) -> str:
    """A refusal without what only somebody at a terminal can do."""
    for pattern, replacement in _RULES:
        sentence = pattern.sub(replacement, sentence)
    return sentence
