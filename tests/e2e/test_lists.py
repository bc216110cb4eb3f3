"""Jobs with lists and templates under the real daemon: edits, truncated files, crashes, and what the commands say."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Home, job, moment, phone
from tests.support.sandbox import SandboxProcess

SETTINGS = "plivo: {rate: 0, read_timeout: 20s, deadline: 30s}\n"
FAR = "2031-05-04T09:00:00Z"

pytestmark = pytest.mark.timeout(300)  # many processes, which a busy machine starts slowly


@pytest.fixture
def home(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Home]:
    sandbox.reset()
    with Home(tmp_path / "home", sandbox.environment, SETTINGS) as made:
        yield made


def people(home: Home, *numbers: int) -> Path:
    """Replace people.csv by a rename, as deployers do."""
    path = home.jobs / "people.csv"
    draft = path.with_name(".people.csv")
    draft.write_text("phone,name\n" + "".join(f"{phone(number)},No {number}\n" for number in numbers))
    return draft.replace(path)


def listed(name: str, at: str, text: str = "Hello {{ recipient.name }}.", **keys: object) -> str:
    return job(name, "", at, to={"file": "people.csv"}, message=text, **keys)


def accepted(home: Home) -> Counter[str]:
    return Counter(row["recipient"]["phone"] for row in home.history() if row["state"] == "accepted")


def test_a_changed_list_counts_for_the_next_occurrence(home: Home) -> None:
    people(home, 1, 2)
    first, second = moment(0), moment(8)
    home.write("a.yaml", job("a", "", first, schedule={"at": [first, second]}, to={"file": "people.csv"}))
    home.start()
    home.until(lambda: accepted(home) == Counter([phone(1), phone(2)]), "the first ones were not written to")
    people(home, 2, 3)
    # Who joins while a single time is still valid is written to for that time too.
    home.until(lambda: accepted(home) == Counter({phone(1): 1, phone(2): 2, phone(3): 2}), "not the new ones")


def test_a_truncated_list_is_on_hold_until_its_version_is_approved(home: Home) -> None:
    people(home, *range(12))
    home.write("a.yaml", listed("a", FAR))
    home.start()
    people(home, 1)
    home.until_logged("hold.opened")
    (hold,) = home.json("status")["holds"]
    assert hold["kind"] == "recipients"
    assert hold["detail"]["versions"]["a"] | {"before": 12, "after": 1} == hold["detail"]["versions"]["a"]
    assert "a 12 -> 1" in hold["reason"]
    shown = home.run("approve", "--yes")
    assert "a 12 -> 1" in shown.err
    home.until(lambda: not home.json("status")["holds"], "it is still held")
    people(home, *range(12))
    home.until_logged("catalog.loaded", 3)
    assert not home.json("status")["holds"]


def test_the_last_good_people_are_written_to_after_a_crash_without_the_list(home: Home) -> None:
    people(home, 1, 2, 3)
    templates = home.jobs.parent / "templates"
    templates.mkdir()
    (templates / "hello.j2").write_text("Hello {{ recipient.name }}{% include 'end.j2' %}")
    (templates / "end.j2").write_text(" and bye.")
    home.write("a.yaml", job("a", "", moment(9), to={"file": "people.csv"}, message="x").replace('"message": "x"', '"template": "hello.j2"'))  # fmt: skip
    home.start()
    home.kill()
    (home.jobs / "people.csv").unlink()
    (templates / "end.j2").unlink()
    home.start()
    home.until(lambda: len(accepted(home)) == 3, "they were not written to")
    assert {row["text"] for row in home.history()} == {f"Hello No {number} and bye." for number in (1, 2, 3)}
    problems = home.json("status")["problems"]
    assert any("people.csv does not exist" in problem for problem in problems)
    assert any("end.j2 does not exist" in problem for problem in problems)


def test_list_and_next_show_the_last_good_version_of_a_job_whose_list_is_gone(home: Home) -> None:
    people(home, 1, 2)
    home.write("a.yaml", listed("a", FAR))
    home.start()
    home.stop()
    (home.jobs / "people.csv").unlink()
    (row,) = home.json("list")
    assert row["recipients"] == 2
    (coming,) = home.json("next", "a")
    assert [each["text"] for each in coming["recipients"]] == ["Hello No 1.", "Hello No 2."]


def test_a_private_list_is_counted_and_not_shown(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(f"phone,name\n{phone(1)},Ada\n{phone(2)},Bob\n")
    home.write("a.yaml", job("a", "", FAR, to=[{"file": str(path)}, phone(3)], message="Hello."))
    (coming,) = home.json("next", "a")
    assert [each["phone"] for each in coming["recipients"]] == [phone(3)]
    (shown,) = coming["lists"]
    assert (shown["path"], shown["people"], shown["private"]) == (str(path), 2, True)
    assert len(shown["digest"]) == 12
    said = home.run("next", "a").out
    assert "Ada" not in said
    assert phone(1) not in said
    assert f"2 people of {path} ({shown['digest']})" in said


def test_check_finds_lists_and_templates_beside_the_given_directory(home: Home, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for name in ("jobs.d", "templates", "recipients.d"):
        (checkout / name).mkdir(parents=True)
    (checkout / "templates" / "hello.j2").write_text("Hello.")
    (checkout / "recipients.d" / "team.yaml").write_text(f"- '{phone(1)}'\n")
    path = checkout / "jobs.d" / "a.yaml"
    path.write_text("schedule: {cron: 0 9 * * *}\nto: {group: team}\ntemplate: hello.j2\n")
    assert home.run("check", str(checkout / "jobs.d")).status == 0
    assert home.run("check", str(path)).status == 0
    (checkout / "recipients.d" / "team.yaml").write_text("- 1\n")
    done = home.run("check", str(path))
    assert done.status == 1
    assert f"{checkout}/recipients.d/team.yaml:1:3" in done.out + done.err
    path.write_text("schedule: {cron: 0 9 * * *}\nto: {group: taem}\nmessage: x\n")
    assert "did you mean 'team'?" in home.run("check", str(path)).out + home.run("check", str(path)).err


def test_new_places_in_the_settings_are_used_after_a_reload(home: Home, tmp_path: Path) -> None:
    home.write("a.yaml", job("a", "", FAR, to={"group": "team"}))
    home.start()
    assert any("no group 'team'" in problem for problem in home.json("status")["problems"])
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups" / "team.csv").write_text(f"phone\n{phone(1)}\n")
    home.settings.write_text(f"{SETTINGS}recipients: {tmp_path / 'groups'}\n")
    home.run("reload")
    home.until(lambda: home.json("status")["problems"] == [], "the group is not found")
    assert home.json("list")[0]["recipients"] == 1
