"""Whose texts are made before any is sent, when they are many."""

import time
from dataclasses import replace

from reminderd.message import Effort, Whereabouts, check_job
from reminderd.model import Recipient
from tests.unit.test_message_render import DUE_AT, job


def crowd(number: int) -> list[Recipient]:
    return [
        Recipient(f"+1415{each:07}", name=f"N{each}", variables={"plan": "pro", "city": "Bonn"})
        for each in range(number)
    ]


def problems(message: str, people: list[Recipient]) -> list[str]:
    return [problem.message for problem in check_job(job(message, {}, *people), DUE_AT).problems]


def test_all_of_a_thousand_are_tried() -> None:
    people = crowd(1_000)
    people[777] = replace(people[777], name="N!")
    assert problems("{% if recipient.name != 'N!' %}x{% endif %}", people) == [
        "the text is empty for recipient to[777]"
    ]
    assert check_job(job("Hi {{ recipient.name }}", {}, *people), DUE_AT).notes == []


def test_of_many_a_sample_is_tried_and_a_note_says_so() -> None:
    (note,) = check_job(job("Hi {{ recipient.name }}", {}, *crowd(20_000)), DUE_AT).notes
    assert note.message == "tried for 10,000 of 20,000 recipients: each shape of variables, and a sample"
    assert note.path == ("message",)
    assert note.hint == "reminderd check --all tries all"


def test_everybody_of_many_can_be_tried() -> None:
    people = [*crowd(4_000), Recipient("+14155559999", name="Eve", variables={"until": "2027-13-20"})]
    late = replace(people[2_345], variables={"until": "2027-13-20"})
    text = job(
        "Hi {{ recipient.until | default('2027-12-20') | date }}", {}, *people[:2_345], late, *people[2_346:4_000]
    )
    (problem,) = check_job(text, DUE_AT, Effort(everybody=True)).problems
    assert problem.message == "there is no such date or time for recipient to[2345]"
    whole = job("Hi {{ recipient.name }}", {}, *crowd(4_000))
    assert check_job(whole, DUE_AT, Effort(everybody=True)).notes == []


def test_of_a_text_that_is_the_same_for_all_one_is_enough_and_no_note_is_needed() -> None:
    for message in ("Hi all", "Hi {{ due_at | time }}"):
        assert check_job(job(message, {}, *crowd(5_000)), DUE_AT) == ([], [])


def test_each_shape_of_variables_is_tried_wherever_it_is() -> None:
    people = crowd(20_000)
    people[4_321] = replace(people[4_321], variables={"plan": "pro"})
    assert problems("{{ recipient.city }}", people) == ["recipient.city is not defined for recipient to[4321]"]


def test_an_empty_value_is_a_shape_of_its_own() -> None:
    people = crowd(20_000)
    people[4_321] = replace(people[4_321], variables={"plan": "pro", "city": ""})
    assert problems("{{ recipient.city }}", people) == ["the text is empty for recipient to[4321]"]


def test_a_language_is_a_shape_of_its_own() -> None:
    people = crowd(20_000)
    people[4_321] = replace(people[4_321], language="fr")
    assert problems("{% if recipient.language is undefined %}x{% endif %}", people) == [
        "the text is empty for recipient to[4321]"
    ]


def test_the_longest_value_of_each_variable_is_tried() -> None:
    people = crowd(20_000)
    people[4_321] = replace(people[4_321], variables={"plan": "pro", "city": "x" * 1_600})
    people[1_234] = replace(people[1_234], name="y" * 1_600)
    found = problems("{{ recipient.city }}{{ recipient.name }}", people)
    assert [message.partition(" recipient ")[2] for message in found] == ["to[1234]", "to[4321]"]


def test_the_sample_is_spread_over_the_whole_list_and_is_the_same_each_time() -> None:
    people = crowd(30_000)
    message = "{% if recipient.name | length < 3 or recipient.name | last == '7' %}{{ 1 / 0 }}{% endif %}x"
    first, second = (check_job(job(message, {}, *people), DUE_AT).problems for _ in range(2))
    assert first == second
    (problem,) = first
    assert problem.message.startswith("division by zero for recipient to[")


def test_the_last_one_is_in_the_sample() -> None:
    assert problems("{% if recipient.name == 'N29999' %}{% else %}x{% endif %}", crowd(30_000)) == [
        "the text is empty for recipient to[29999]"
    ]


def test_more_shapes_than_can_be_tried_are_said_to_be_many() -> None:
    people = [Recipient(f"+1415{each:07}", variables={f"v{each}": "x"}) for each in range(12_000)]
    (note,) = check_job(job("x{{ recipient.v1 | default('') }}", {}, *people), DUE_AT).notes
    assert note.message == "tried for 10,000 of 12,000 recipients: many shapes of variables, and a sample"


def test_recipients_of_each_zone_are_tried_where_only_the_time_differs() -> None:
    people = [replace(person, timezone="Europe/Berlin") for person in crowd(50)]
    people[30] = replace(people[30], timezone="Asia/Tokyo")
    local = replace(job("{% if due_at.hour < 12 %}x{% endif %}", {}, *people), recipient_zones=True)
    (problem,) = check_job(local, DUE_AT).problems
    assert problem.message == "the text is empty for recipient to[30]"


def test_where_recipients_are_written_can_be_said_by_the_caller() -> None:
    people = [Recipient("+14155550100", name="Ann"), Recipient("+14155550101")]
    (problem,) = check_job(
        job("{{ recipient.name }}", {}, *people), DUE_AT, who=lambda index: Whereabouts(("to",), f"a.csv:{index + 2}")
    ).problems
    assert problem.message == "recipient.name is not defined for recipient a.csv:3"


def test_a_hundred_thousand_recipients_are_checked_in_a_bounded_time() -> None:
    people = crowd(100_000)
    effort = Effort()
    began = time.process_time()
    checked = check_job(job("Hi {{ recipient.name }} of {{ recipient.city }}", {}, *people), DUE_AT, effort)
    assert time.process_time() - began < 8  # about one second
    assert (checked.problems, len(checked.notes)) == ([], 1)
    assert effort.further < 100_000


def test_many_recipients_of_an_honest_text_are_not_too_much_work() -> None:
    message = "Hi {{ recipient.name }}, {% for x in range(20) %}{{ x }}{% endfor %}"
    assert problems(message, crowd(20_000)) == []


def test_many_recipients_of_a_slow_text_are() -> None:
    message = "{% for x in range(900) %}{% if x == 1 %}{{ recipient.name }}{% endif %}{% endfor %}"
    assert problems(message, crowd(20_000)) == ["the texts of its 20000 recipients together take too much work to make"]
