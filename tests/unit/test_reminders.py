"""Reminders that programs make: what is written, what is refused and why, and who has which name."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reminderd.clock import to_text
from reminderd.reminders import RefusedError, Why, show
from tests.support.jobfiles import job_text, write
from tests.support.reminding import Maker, body


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Maker]:
    with Maker(tmp_path) as made:
        yield made


# -- making ---------------------------------------------------------------------------------------------


def test_a_reminder_is_a_job_file_that_runs(maker: Maker) -> None:
    made = maker.make()
    assert (made.is_new, made.reminder.name, made.reminder.who) == (True, "tea", "api:ci")
    assert maker.files() == ["tea.yaml"]
    assert (maker.made / "tea.yaml").read_text().startswith("# Made through reminderd's API by api:ci at 2027-")
    catalog = maker.catalog()
    assert (set(catalog.jobs), catalog.problems) == ({"tea"}, ())
    assert maker.ask(lambda store: store.reports.actions())[0]["action"] == "reminder"


def test_one_without_a_name_gets_one_of_its_own(maker: Maker) -> None:
    names = {maker.make(body(name=None)).reminder.name for _ in range(3)}
    assert len(names) == 3
    assert set(maker.catalog().jobs) == names


def test_groups_and_templates_are_named_as_in_files(maker: Maker, tmp_path: Path) -> None:
    for folder in ("recipients.d", "templates"):
        (tmp_path / folder).mkdir()
    write(tmp_path / "recipients.d" / "team.yaml", '- phone: "+14155550100"\n')
    write(tmp_path / "templates" / "tea.j2", "Tea at four.")
    maker.make(body(to={"group": "team"}, message=None, template="tea.j2"))
    assert maker.catalog().jobs["tea"].message == "Tea at four."


def test_warnings_of_check_are_told_with_it(maker: Maker) -> None:
    made = maker.make(body(schedule={"at": "2020-05-04T09:00:00Z"}))
    assert [flaw.pointer for flaw in made.warnings] == ["/schedule"]


# -- the same once more ---------------------------------------------------------------------------------


def test_the_same_key_and_request_is_the_same_reminder(maker: Maker) -> None:
    first = maker.make(body(name=None), key="k")
    spaced = json.dumps(dict(reversed(body(name=None).items())), indent=4).encode()
    again = maker.make(spaced, key="k")
    assert (again.is_new, again.reminder.name) == (False, first.reminder.name)
    assert len(maker.files()) == 1


def test_many_at_the_same_time_are_one(maker: Maker) -> None:
    data = json.dumps(body(name=None)).encode()
    futures = [maker.reminders.make(data, "api:ci", "k") for _ in range(8)]
    results = [future.result(20) for future in futures]
    assert [made.is_new for made in results] == [True] + [False] * 7
    assert {made.reminder.name for made in results} == {results[0].reminder.name}
    assert len(maker.files()) == 1


def test_the_same_key_and_another_request_is_refused(maker: Maker) -> None:
    maker.make(key="k")
    assert maker.refused(body(message="Coffee."), key="k").why is Why.REUSED
    assert maker.refused(body(vars={"a": "1"}), key="k").why is Why.REUSED
    assert len(maker.files()) == 1


def test_a_number_and_its_text_are_not_the_same_request(maker: Maker) -> None:
    maker.make(body(vars={"a": 1}), key="k")
    assert maker.refused(body(vars={"a": "1"}), key="k").why is Why.REUSED


def test_a_key_is_somebodys_own(maker: Maker) -> None:
    maker.make(key="k")
    other = maker.make(body(name="coffee"), who="api:other", key="k")
    assert other.is_new


def test_the_key_of_what_was_removed_makes_nothing(maker: Maker) -> None:
    maker.make(key="k")
    maker.end()
    assert maker.refused(key="k").why is Why.GONE
    assert maker.make(body(name="coffee"), key="l").is_new


def test_what_was_refused_uses_no_key(maker: Maker) -> None:
    assert maker.refused(body(message="{{"), key="k").why is Why.WRONG
    assert maker.make(key="k").is_new


# -- names ----------------------------------------------------------------------------------------------


def test_a_name_that_a_file_has_is_taken_and_it_says_whose_it_is(maker: Maker, tmp_path: Path) -> None:
    write(tmp_path / "jobs.d" / "others.yaml", job_text("tea"))
    error = maker.refused()
    assert (error.why, error.flaws[0].pointer) == (Why.TAKEN, "/name")
    assert "others.yaml:1" in str(error)
    assert maker.files() == []


def test_a_name_that_a_reminder_has_is_taken(maker: Maker) -> None:
    maker.make()
    assert maker.refused(body(message="Other.")).why is Why.TAKEN
    assert "Tea." in (maker.made / "tea.yaml").read_text()


def test_a_file_of_somebody_else_is_never_written_over(maker: Maker) -> None:
    maker.made.mkdir(parents=True)
    write(maker.made / "tea.yaml", "# nothing here yet\n")
    assert maker.refused().why is Why.TAKEN
    (maker.made / "tea.yaml").unlink()
    (maker.made / "tea.yaml").symlink_to("/nowhere")
    assert maker.refused().why is Why.TAKEN
    assert (maker.made / "tea.yaml").is_symlink()
    assert maker.ask(lambda store: store.reminders.unsettled()) == []


def test_the_name_of_a_reminder_that_ended_is_not_free_and_it_says_why(maker: Maker) -> None:
    maker.make(key="k")
    maker.end()
    error = maker.refused(body(message="Other."), key="l")
    assert (error.why, error.flaws[0].pointer) == (Why.TAKEN, "/name")
    assert str(error).startswith("the name 'tea' was that of a reminder that ended at 2027-")
    assert str(error).endswith("give it another name, or none")
    assert maker.files() == []
    assert maker.make(body(name="coffee"), key="l").is_new


def test_the_name_of_a_reminder_whose_file_somebody_removed_is_not_free(maker: Maker) -> None:
    maker.make(key="k")
    (maker.made / "tea.yaml").unlink()
    assert "a reminder whose file was removed: " in str(maker.refused(body(message="Other.")))
    assert not maker.make(key="k").is_new


def test_the_name_of_a_job_is_free_when_nothing_of_it_is_kept(maker: Maker, tmp_path: Path) -> None:
    write(tmp_path / "jobs.d" / "others.yaml", job_text("tea"))
    jobs, now = maker.catalog().jobs, maker.clock.now()
    maker.ask(lambda store: store.jobs.replace(jobs, (), (), now, now))
    assert "already declared in" in str(maker.refused())
    (tmp_path / "jobs.d" / "others.yaml").unlink()
    maker.ask(lambda store: store.jobs.replace({}, (), (), now, now))
    assert f"was that of a job that was removed at {to_text(now)}: " in str(maker.refused())
    maker.ask(lambda store: store.retention.prune_rest(now + timedelta(days=1), now, 10))
    assert maker.make().is_new


def test_there_are_so_many_and_no_more(tmp_path: Path) -> None:
    with Maker(tmp_path, most=2) as maker:
        maker.make(body(name="one"))
        maker.make(body(name="two"))
        assert maker.refused(body(name="three")).why is Why.FULL
        maker.end("one")
        assert maker.make(body(name="three")).is_new


# -- what is wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'{"name": NaN}',
        b'{"name": "a", "name": "b"}',
        b'{"<<": {}}',
        b'{"message": "\\ud800"}',
        b'{"a":' * 50 + b"1" + b"}" * 50,
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_of_a_job_is_unreadable(maker: Maker, text: bytes) -> None:
    assert maker.refused(text).why is Why.UNREADABLE


def test_each_problem_points_at_its_place(maker: Maker) -> None:
    wrong = body(schedule={"cron": "0 25 * * *"}, to=["+14155550101", {"phone": "12"}], valid_for="soon", colour="red")
    assert [place for place, _ in maker.flaws(wrong)] == ["/schedule/cron", "/to/1/phone", "/valid_for", "/colour"]
    assert maker.files() == []


def test_what_is_missing_is_pointed_at_where_it_should_be(maker: Maker) -> None:
    assert maker.flaws(body(message=None)) == [("/message", "is missing")]
    assert maker.flaws(body(to=[{"name": "Ada"}]))[0][0] == "/to/0/phone"
    assert {place for place, _ in maker.flaws({})} == {"/schedule", "/to", "/message"}


def test_keys_that_pointers_escape_are_escaped(maker: Maker) -> None:
    assert maker.flaw(**{"a/b~c": 1}).pointer == "/a~1b~0c"


def test_a_place_in_a_text_is_a_line_and_column_of_it(maker: Maker) -> None:
    flaw = maker.flaw(message="Tea at {{ vars.at }}.")
    assert (flaw.pointer, flaw.line, flaw.column) == ("/message", 1, 11)
    flaw = maker.flaw(message="Tea\n\n  at {{ vars.at }}.\n", vars={"on": 1})
    assert (flaw.pointer, flaw.line, flaw.column) == ("/message", 3, 9)
    flaw = maker.flaw(message=' Say "{{ vars.at }}".', vars={"on": 1})
    assert (flaw.pointer, flaw.line) == ("/message", 0)


@pytest.mark.parametrize("path", ["/etc/people.csv", "../../etc/people.yaml", "people.csv"])
@pytest.mark.parametrize("as_list", [False, True])
def test_no_file_of_the_host_is_read_as_a_list(maker: Maker, tmp_path: Path, path: str, *, as_list: bool) -> None:
    maker.made.mkdir(parents=True)
    write(maker.made / "people.csv", "phone\n+14155550100\n")
    person = {"file": path}
    place = "/to/0/file" if as_list else "/to/file"
    assert maker.flaws(body(to=[person] if as_list else person)) == [(place, "is not taken here")]


@pytest.mark.parametrize("name", ["../state.db", "/etc/passwd", "a/../../b"])
def test_no_other_file_of_the_host_is_read_as_a_template_or_group(maker: Maker, name: str) -> None:
    assert maker.flaw(message=None, template=name).pointer == "/template"
    assert maker.flaw(to={"group": name}).pointer == "/to/group"
    assert maker.flaw(message="{% include '" + name + "' %}").pointer == "/message"


def test_a_request_is_one_job(maker: Maker) -> None:
    assert maker.flaws({"jobs": [body()]})[0][0] == "/jobs"
    assert maker.flaws({"jobs": [body()], "defaults": {}})[1][0] == "/defaults"


@pytest.mark.parametrize("name", ["../tea", "a/b", ".tea", "", "a" * 101, "tea\n", "x y"])
def test_a_name_leads_to_no_other_directory(maker: Maker, name: str) -> None:
    assert maker.flaw(name=name).pointer == "/name"
    assert maker.files() == []


# -- trouble --------------------------------------------------------------------------------------------


def test_where_it_cannot_be_written_nothing_is_left(maker: Maker) -> None:
    maker.made.parent.joinpath("jobs").write_text("in the way")
    assert maker.refused(key="k").why is Why.TROUBLE
    assert maker.ask(lambda store: store.reminders.by_key("k")) is None
    assert maker.ask(lambda store: store.reminders.page(None, 10)) == []
    maker.made.unlink()
    assert maker.make(key="k").is_new


# -- removing -------------------------------------------------------------------------------------------


def test_an_end_removes_the_file_and_can_be_asked_for_again(maker: Maker) -> None:
    maker.make()
    row = maker.end(who="api:other")
    assert (row.deleted_by, row.removed, maker.files()) == ("api:other", True, [])
    assert maker.end() == row


def test_a_file_of_somebody_else_is_not_removed(maker: Maker, tmp_path: Path) -> None:
    write(tmp_path / "jobs.d" / "rent.yaml", job_text("rent"))
    maker.made.mkdir(parents=True)
    write(maker.made / "bins.yaml", job_text("bins"))
    for name in ("rent", "bins", "../jobs.d/rent", ""):
        with pytest.raises(RefusedError) as caught:
            maker.end(name)
        assert caught.value.why is Why.UNKNOWN
    assert set(maker.catalog().jobs) == {"rent", "bins"}


def test_a_file_that_somebody_edited_stays_unless_that_is_meant(maker: Maker) -> None:
    row = maker.make().reminder
    path = write(maker.made / "tea.yaml", job_text("tea", "Green tea."))
    with pytest.raises(RefusedError) as caught:
        maker.end()
    assert (caught.value.why, path.exists()) == (Why.EDITED, True)
    shown = show(row, with_job=True)
    assert shown.file_is == "edited"
    assert isinstance(shown.job, dict)
    assert shown.job["message"] == "Green tea."
    maker.end(force=True)
    assert not path.exists()


def test_one_whose_file_is_gone_can_be_ended(maker: Maker) -> None:
    row = maker.make().reminder
    (maker.made / "tea.yaml").unlink()
    assert show(row).file_is == "removed"
    assert maker.end().removed


def test_it_is_shown_as_it_was_asked_for(maker: Maker) -> None:
    asked = body(vars={"a": 1.5, "b": "1.5", "c": None, "d": [True, {"e": "no"}]}, enabled=False)
    shown = show(maker.make(asked).reminder, with_job=True)
    assert (shown.file_is, shown.job) == ("as written", asked)


# -- after a death --------------------------------------------------------------------------------------


def died(maker: Maker, name: str = "tea") -> None:
    """Take back that it is known to be written, as if the process had died before."""
    maker.ask(lambda store: store._connection.execute("update reminders set written_at = null"))
    maker.reminders = maker.another()


def test_a_file_that_is_there_counts_though_nobody_noted_it(maker: Maker) -> None:
    maker.make(key="k")
    died(maker)
    again = maker.make(key="k")
    assert (again.is_new, maker.files()) == (False, ["tea.yaml"])


def test_a_row_without_its_file_was_promised_to_nobody(maker: Maker) -> None:
    maker.make(key="k")
    (maker.made / "tea.yaml").rename(maker.made / ".tea.1.draft")
    died(maker)
    assert maker.make(key="k").is_new
    assert maker.files() == ["tea.yaml"]


def test_an_end_that_was_noted_is_carried_out(maker: Maker) -> None:
    row = maker.make().reminder
    maker.ask(lambda store: store.reminders.condemn(row.id, "api:ci", maker.clock.now()))
    maker.reminders = maker.another()
    maker.reminders.settle().result(20)
    assert maker.files() == []
    assert maker.end().removed


def test_an_end_that_was_noted_does_not_touch_what_was_edited_since(maker: Maker) -> None:
    row = maker.make().reminder
    maker.ask(lambda store: store.reminders.condemn(row.id, "api:ci", maker.clock.now()))
    write(maker.made / "tea.yaml", job_text("tea", "Green tea."))
    maker.reminders = maker.another()
    maker.reminders.settle().result(20)
    assert maker.files() == ["tea.yaml"]
    with pytest.raises(RefusedError) as caught:
        maker.end()
    assert caught.value.why is Why.EDITED
