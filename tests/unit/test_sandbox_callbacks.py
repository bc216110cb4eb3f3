"""The parts of the sandbox's callbacks: addresses, rules, states and prices, without a socket."""

import json
from datetime import UTC, datetime

import pytest

from reminderd.gateway.sandbox import CallbackOptions, Options, parse_behind, parse_scale
from reminderd.gateway.sandbox.callbacks.address import Address, host_header, parse_address
from reminderd.gateway.sandbox.charges import network
from reminderd.gateway.sandbox.course import STATES, Course
from reminderd.gateway.sandbox.credentials import AUTH_ID, AUTH_TOKEN, Credentials
from reminderd.gateway.sandbox.faults import CALLBACKS, REQUESTS, Faults, Kind, Subject
from reminderd.gateway.sandbox.faultspec import parse_fault
from reminderd.gateway.sandbox.incoming import MOST_KEPT, Incoming
from reminderd.gateway.sandbox.mishaps import Mishap, Signature
from tests.support.sandbox import Played

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8080/a?b=c", Address(False, "127.0.0.1", 8080, "/a?b=c")),
        ("http://127.255.0.9", Address(False, "127.255.0.9", 80, "/")),
        ("https://localhost/a", Address(True, "127.0.0.1", 443, "/a")),
        ("http://[::1]:9/?x", Address(False, "::1", 9, "/?x")),
    ],
)
def test_an_address_of_this_machine_is_taken(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/",
        "http://0.0.0.0/",
        "http://127.0.0.1.example.org/",
        "http://localhost.example.org/",
        "http://127.0.0.1@example.org/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::ffff:192.0.2.1]/",
        "http://[::1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:port/",
        "http:///a",
        "ftp://127.0.0.1/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nX: y",
        "",
    ],
)
def test_what_is_no_address_of_this_machine_is_not_taken(url: str) -> None:
    with pytest.raises(ValueError):
        parse_address(url)


def test_the_host_header_has_no_credentials() -> None:
    assert host_header("http://user:secret@127.0.0.1:80/") == "127.0.0.1:80"


def test_behind_a_proxy_only_whole_names_count() -> None:
    options = CallbackOptions(behind=(parse_behind("https://example.org=http://127.0.0.1:8080/"),))
    assert options.local("https://example.org/a?b") == "http://127.0.0.1:8080/a?b"
    assert options.local("https://example.org?b") == "http://127.0.0.1:8080?b"
    for other in ("https://example.org.uk/a", "http://example.org/a", "https://example.org:8443/a"):
        assert options.local(other) == other


@pytest.mark.parametrize(
    "text", ["", "a=b", "https://a.org", "https://a.org=http://192.0.2.1", "https://a.org/x=http://[::1]"]
)
def test_a_pair_of_addresses_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_behind(text)


@pytest.mark.parametrize("text", ["", "-1", "1e9", "inf", "nan", "fast"])
def test_a_factor_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a factor"):
        parse_scale(text)


# Rules


def test_rules_of_callbacks_are_about_both_kinds_unless_they_say_so() -> None:
    assert parse_fault("signature=wrong").on == CALLBACKS
    assert parse_fault("lost,on=inbound").on == {Kind.INBOUND}
    assert parse_fault("latency=5s,on=status|send").on == {Kind.STATUS, Kind.SEND}
    assert parse_fault("latency=5s,on=any").on == REQUESTS
    assert parse_fault("latency=5s").on == {Kind.SEND}


def test_what_a_rule_of_callbacks_says_goes_together() -> None:
    effect = parse_fault("signature=ma,repeat=2,latency=3s,reorder").effect
    assert effect.mishap == Mishap(Signature.MA, 2, reorder=True)
    assert effect.delay == 3
    assert parse_fault({"lost": True}).effect.mishap == Mishap(lost=True)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("signature=odd", "write one of right, wrong, v2, ma, list, none"),
        ("repeat=0", "from 1 to 100 times"),
        ("repeat=many", "a whole number belongs here"),
        ("lost=maybe", "write true or false"),
        ("signature=wrong,on=send", "go only with on=status, on=inbound or both"),
        ("signature=wrong,on=send|status", "go only with on=status, on=inbound or both"),
        ("status=503,on=status", "status does not happen to callbacks"),
        ("signature=wrong,ends=failed", "ends does not happen to callbacks"),
        ("on=inbound", "what should happen to callbacks"),
        ("lost,state=gone", "write queued"),
        ("lost,state=sent,on=inbound", "state goes only with on=status"),
        ("latency=1s,state=sent", "state goes only with on=status"),
        ("latency=1s,on=sometimes", "status, inbound"),
        ("signatur=wrong", "did you mean 'signature'"),
    ],
)
def test_a_rule_of_callbacks_that_makes_no_sense_is_refused(rule: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_fault(rule)


def test_a_rule_meets_the_states_that_it_names() -> None:
    faults = Faults([parse_fault("lost,state=sent|failed,count=2")])
    chosen = [faults.choose(Subject(Kind.STATUS, ("+14155550101",), state=state)).name is not None for state in STATES]
    assert chosen == [state in ("sent", "failed") for state in STATES]
    assert faults.choose(Subject(Kind.STATUS, state="sent")).name is None  # two are used up


# States, prices, credentials


@pytest.mark.parametrize("ends", STATES)
@pytest.mark.parametrize("after", [0.0, 0.5, 3.0])
def test_the_steps_of_a_message_are_what_its_details_say_at_that_time(ends: str, after: float) -> None:
    course = Course(ends, None, after)
    steps = course.steps()
    assert [step.after for step in steps] == sorted(step.after for step in steps)
    assert (steps[0].state, steps[-1].state) == ("queued", ends)
    later = [step.after for step in steps[1:]] + [1e9]
    for step, until in zip(steps, later, strict=True):
        if step.after < until:
            assert course.standing(step.after)[0] == step.state
            assert course.standing((step.after + until) / 2)[0] == step.state


def test_the_network_is_that_of_the_longest_prefix() -> None:
    assert [getattr(network(number), "country", None) for number in ("14155550101", "37060000000", "99999")] == [
        "US",
        "LT",
        None,
    ]


def test_the_log_has_prices_and_networks_too() -> None:
    played = Played(Options(), "ends=delivered,after=2s")
    played.uuids(text="a" * 200)
    (queued,) = played.page()["objects"]
    played.clock.passed = 1.5
    (sent,) = played.page()["objects"]
    assert [shown["total_amount"] for shown in (queued, sent)] == ["0.00000", "0.01000"]
    assert {shown["total_rate"] for shown in (queued, sent)} == {"0.00500"}
    assert (sent["units"], sent["mcc"], sent["mnc"], sent["destination_country_iso2"]) == (2, "310", "260", "US")


def test_the_token_is_that_of_the_last_request_unless_one_is_told() -> None:
    basic = Played.authorization
    either = Credentials(None, None)
    assert (either.account, either.token_of(AUTH_ID)) == (AUTH_ID, AUTH_TOKEN)
    other = "SA" + "0" * 18
    for account, token in ((AUTH_ID, "old"), (other, "theirs"), (AUTH_ID, "new")):
        assert either.may(account, basic(f"{account}:{token}"))
    assert (either.account, either.token_of(AUTH_ID), either.token_of(other)) == (AUTH_ID, "new", "theirs")
    strict = Credentials(None, "told")
    assert not strict.may(AUTH_ID, basic(f"{AUTH_ID}:guessed"))
    assert strict.token_of(AUTH_ID) == "told"


def test_only_the_newest_texts_are_kept() -> None:
    incoming = Incoming()
    taken = [incoming.take(AUTH_ID, "+14155550101", "+14155550100", str(n), NOW) for n in range(MOST_KEPT + 2)]
    assert incoming.find(taken[1].message_uuid) is None
    assert incoming.find(taken[2].message_uuid) == taken[2]
    assert incoming.find(taken[-1].message_uuid) == taken[-1]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("inbound", {"from": "1", "to": "2"}),
        ("inbound", {"from": "1", "to": "2", "text": 3}),
        ("inbound", {"from": "1", "to": "2", "text": "\ud83d"}),
        ("inbound", []),
        ("inbound-url", {"url": "https://example.org/"}),
        ("inbound-url", {"url": 5}),
        ("inbound-url", {"method": "GET"}),
        ("inbound-url", {"url": None, "method": "PUT"}),
        ("callback", []),
        ("callback", {"status": "sent"}),
        ("callback", {"message_uuid": "5b40a428-bfc7-4daf-9d06-726c558bf3b8", "status": "sent"}),
    ],
)
def test_what_a_control_address_cannot_understand_is_a_400_with_a_sentence(address: str, said: object) -> None:
    answer = Played().ask("POST", f"/__control/{address}", said)
    assert (answer.status, len(json.loads(answer.body)["error"]) > 10) == (400, True)


def test_without_a_server_nothing_is_called_and_nothing_fails() -> None:
    played = Played(Options(callbacks=CallbackOptions("http://127.0.0.1:1/inbound")))
    (uuid,) = played.uuids(url="http://127.0.0.1:1/status")
    played.ask("POST", "/__control/inbound", {"from": "+14155550101", "to": "+14155550100", "text": "STOP"})
    played.ask("POST", "/__control/callback", {"message_uuid": uuid, "status": "sent"})
    listed = json.loads(played.ask("GET", "/__control/callbacks").body)
    assert {each["standing"] for each in listed["callbacks"]} == {"dropped"}
