"""Faults: their little language, and which requests they take."""

import json

import pytest

from reminderd.gateway.sandbox.connection import Ending
from reminderd.gateway.sandbox.faults import Faults, Kind, Subject
from reminderd.gateway.sandbox.faultspec import parse_fault
from reminderd.gateway.sandbox.words import parse_seconds

SEND = Subject(Kind.SEND, ("+14155550101",), "Rent is due")


def chosen(faults: Faults, subject: Subject, times: int) -> list[str | None]:
    return [faults.choose(subject).name for _ in range(times)]


@pytest.mark.parametrize(("text", "seconds"), [("50ms", 0.05), ("1.5s", 1.5), ("2m", 120), ("3", 3), ("300s", 300)])
def test_times_are_read_with_their_unit(text: str, seconds: float) -> None:
    assert parse_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5h", "-1s", "301s", "1e3", "nan"])
def test_what_is_no_time_or_too_long_a_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|longer"):
        parse_seconds(text)


def test_a_status_is_answered_with_its_headers_and_accepts_nothing() -> None:
    effect = parse_fault("status=429,header=Retry-After: 30|X-Queue: 7,body=text").effect
    assert effect.answer is not None
    assert (effect.accept, effect.answer.status) == (False, 429)
    assert effect.answer.headers == (("Retry-After", "30"), ("X-Queue", "7"))
    assert effect.answer.body == b"429 Too Many Requests\n"


def test_a_status_can_come_after_accepting() -> None:
    assert parse_fault("status=503,accept=true").effect.accept


@pytest.mark.parametrize(
    ("body", "content_type", "content"),
    [
        ("json", "application/json", b'"error": "Bad Gateway"'),
        ("html", "text/html; charset=utf-8", b"<title>Bad Gateway</title>"),
        ("empty", "text/plain; charset=utf-8", b""),
        ('{"error": "no, never"}', "application/json", b'{"error": "no, never"}'),
        ("out of order, come back", "text/plain; charset=utf-8", b"out of order, come back"),
    ],
)
def test_a_body_is_one_of_the_usual_pages_or_anything_else(body: str, content_type: str, content: bytes) -> None:
    answer = parse_fault(f"status=502,body={body}").effect.answer
    assert answer is not None
    assert answer.content_type == content_type
    assert content in answer.body


@pytest.mark.parametrize(
    ("spec", "accept", "silent", "ending"),
    [
        ("hang=60s", False, True, Ending.CLOSE),
        ("hang=60s,accept=true", True, True, Ending.CLOSE),
        ("reset=before", False, True, Ending.RESET),
        ("reset=after", True, True, Ending.RESET),
        ("close=before", False, True, Ending.CLOSE),
        ("close=after", True, True, Ending.CLOSE),
        ("truncate", True, False, Ending.CLOSE),
        ("garbage", True, False, Ending.KEEP),
        ("garbage,accept=false", False, False, Ending.KEEP),
        ("empty=true", True, False, Ending.KEEP),
        ("wrong=null", True, False, Ending.KEEP),
        ("dribble=10ms", True, False, Ending.KEEP),
        ("redirect=/elsewhere/", False, False, Ending.KEEP),
    ],
)
def test_each_effect_says_whether_it_accepts_answers_and_keeps_the_connection(
    spec: str, accept: bool, silent: bool, ending: Ending
) -> None:
    effect = parse_fault(spec).effect
    assert (effect.accept, effect.silent, effect.ending) == (accept, silent, ending)


@pytest.mark.parametrize(
    ("wrong", "document"),
    [("null", None), ("number", 202), ("list", ["message(s) queued"])],
)
def test_wrong_json_is_json_of_another_shape(wrong: str, document: object) -> None:
    answer = parse_fault(f"wrong={wrong}").effect.answer
    assert answer is not None
    assert (answer.status, json.loads(answer.body)) == (202, document)


def test_a_redirect_keeps_its_target_and_status() -> None:
    answer = parse_fault("redirect=http://127.0.0.1:9/x?a=b,status=307").effect.answer
    assert answer is not None
    assert (answer.status, answer.headers) == (307, (("Location", "http://127.0.0.1:9/x?a=b"),))


def test_the_json_notation_says_the_same() -> None:
    written = parse_fault("status=503,header=Retry-After: 5,count=2,accept=true")
    for spec in (
        {"status": 503, "header": {"Retry-After": 5}, "count": 2, "accept": True},
        '{"status": 503, "header": "Retry-After: 5", "count": 2, "accept": true}',
    ):
        assert parse_fault(spec) == written


def test_a_comma_inside_a_pattern_does_not_end_it() -> None:
    fault = parse_fault(r"reset=after,phone=^\+1\d{3,10}$,count=1")
    assert fault.phone is not None
    assert fault.phone.pattern == r"^\+1\d{3,10}$"
    assert fault.count == 1


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("", "is not key=value"),
        ("status", "is not key=value"),
        ("statsu=503", "did you mean 'status'"),
        ("status=503,status=504", "status comes twice"),
        ("count=2", "what should happen"),
        ("status=99", "from 200 to 599"),
        ("status=abc", "a whole number"),
        ("status=503,hang=2s", "one fault has one effect"),
        ("status=503,on=everything", "on=everything"),
        ("status=503,phone=(", "not a regular expression"),
        ("status=503,text=" + "x" * 501, "at most 500"),
        ("status=503,count=-1", "a whole number"),
        ("status=503,probability=2", "from 0 to 1"),
        ("status=503,header=Retry-After", "write Name: value"),
        ("status=503,header=Content-Length: 9", "sandbox's own"),
        ("redirect=ftp://x/", "an address"),
        ("redirect=/x,status=200", "from 300 to 399"),
        ("reset=now", "before or after"),
        ("reset=after,accept=true", "accept goes only with"),
        ("hang=2s,body=text", "body goes only with"),
        ("latency=1s,accept=true", "accept goes only with"),
        ("wrong=text", "write one of"),
        ("truncate=perhaps", "true or false"),
        ("dribble=0s", "more than nothing"),
        ("hang=301s", "longer than 300s"),
        ("ends=lost", "write one of queued, sent"),
        ("ends=failed,code=x", "a whole number"),
        ("ends=failed,after=soon", "not a time"),
        ("ends=failed,status=503", "accepted"),
        ("ends=failed,on=details", "accepted"),
        ("code=30", "what should happen"),
        ("status=503,code=30", "code goes only with ends"),
        ("{bad", "not JSON"),
        ('{"phone": ["x"]}', "belong here"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused_with_a_sentence(spec: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_fault(spec)


def test_a_rule_passes_over_some_requests_and_then_takes_some() -> None:
    faults = Faults([parse_fault("status=503,skip=1,count=2")])
    name = "status=503,skip=1,count=2"
    assert chosen(faults, SEND, 5) == [None, name, name, None, None]
    assert faults.listed() == [{"fault": name, "seen": 5, "applied": 2}]


def test_a_request_taken_by_one_rule_is_not_seen_by_the_next() -> None:
    faults = Faults([parse_fault("status=503,count=2"), parse_fault("reset=after,count=1")])
    assert chosen(faults, SEND, 4) == ["status=503,count=2"] * 2 + ["reset=after,count=1", None]


def test_latency_adds_up_with_itself_and_with_one_other_fault() -> None:
    faults = Faults([parse_fault(spec) for spec in ("latency=1s", "status=503,latency=500ms", "latency=2s")])
    effect, name = faults.choose(SEND)
    assert effect.delay == pytest.approx(3.5)
    assert effect.answer is not None
    assert name == "latency=1s + status=503,latency=500ms + latency=2s"


@pytest.mark.parametrize(
    ("spec", "subject", "taken"),
    [
        ("status=503", Subject(Kind.LOG), False),
        ("status=503,on=log|details", Subject(Kind.LOG), True),
        ("status=503,on=log|details", SEND, False),
        ("status=503,on=any", Subject(Kind.ACCOUNT), True),
        ("status=503,phone=0101$", SEND, True),
        (r"status=503,phone=^\+1415", SEND, True),
        ("status=503,phone=0102$", SEND, False),
        ("status=503,phone=0102$", Subject(Kind.SEND, ("+14155550101", "+14155550102")), True),
        ("status=503,text=due$", SEND, True),
        ("status=503,text=^due", SEND, False),
        ("status=503,on=any,text=.*", Subject(Kind.LOG), False),
    ],
)
def test_a_rule_takes_only_the_requests_it_describes(spec: str, subject: Subject, taken: bool) -> None:
    assert (Faults([parse_fault(spec)]).choose(subject).name is not None) is taken


def test_a_seed_makes_chance_repeat_itself() -> None:
    def play(seed: int) -> list[str | None]:
        return chosen(Faults([parse_fault(f"status=503,probability=0.5,seed={seed}")]), SEND, 64)

    assert play(1) == play(1)
    assert {name is None for name in play(1)} == {True, False}
    assert [name is None for name in play(1)] != [name is None for name in play(2)]


def test_no_more_rules_are_taken_than_can_be_looked_through() -> None:
    faults = Faults([parse_fault("status=503")] * 99)
    with pytest.raises(ValueError, match="more than 100 faults"):
        faults.add([parse_fault("empty"), parse_fault("garbage")])
    assert len(faults.listed()) == 99
