from collections.abc import Collection
from dataclasses import replace

from reminderd.jobs.library import Stamp
from reminderd.jobs.reader import Scan
from reminderd.jobs.settle import GRACE, Settler
from reminderd.model import ParsedFile, Problem

LONG_AGO = 100.0
FINISHED = ("d/a.yaml", "d/b.yaml")


def broken(path: str) -> ParsedFile:
    return ParsedFile((), (Problem(path, 1, 1, "", "is broken"),))


def scan(*, quiet: float = LONG_AGO, unreadable: Collection[str] = (), **contents: str) -> Scan:
    """Files d/NAME.yaml, each with the given content; a content that starts with "bad" is broken."""
    files = {
        f"d/{name}.yaml": broken(f"d/{name}.yaml") if text.startswith("bad") else ParsedFile((), ())
        for name, text in contents.items()
    }
    stamps = {f"d/{name}.yaml": Stamp(text.encode(), quiet) for name, text in contents.items()}
    problems = tuple(Problem(path, 0, 0, "", "cannot be read") for path in sorted(unreadable))
    folders = frozenset({"d"} - set(unreadable))
    return Scan(files if folders else {}, problems, frozenset(unreadable), folders, stamps if folders else {})


def contents(believed: Scan) -> dict[str, str]:
    return {path[2:-5]: stamp.digest.decode() for path, stamp in believed.stamps.items()}


class Timeline:
    """A settler that is shown scans, each some seconds after the one before."""

    def __init__(self, first: Scan, known: Collection[str] = ()) -> None:
        self.settler = Settler(known)
        self.now = 1000.0
        self.first = self.show(first, after=0)

    def show(self, seen: Scan, *, after: float, finished: Collection[str] = (), busy: Collection[str] = ()) -> Scan:
        self.now += after
        believed = self.settler.settle(seen, finished, busy, self.now)
        assert set(believed.files) == set(believed.stamps)
        return believed


def test_what_has_lain_there_for_long_is_believed_at_the_start() -> None:
    first = scan(a="one", b="bad", unreadable=["d/c.yaml"])
    line = Timeline(first)
    assert line.first == first
    assert not line.settler.doubtful
    assert line.settler.next_look() is None


def test_what_was_just_written_is_looked_at_twice_at_the_start() -> None:
    line = Timeline(scan(a="one", quiet=0.2))
    assert line.first.files == {}
    assert line.settler.next_look() == line.now + GRACE
    assert contents(line.show(scan(a="one", quiet=0.2), after=GRACE)) == {"a": "one"}
    assert not line.settler.doubtful


def test_a_finished_change_is_believed_at_once() -> None:
    line = Timeline(scan(a="one"))
    assert contents(line.show(scan(a="two"), after=5, finished=FINISHED)) == {"a": "two"}
    assert not line.settler.doubtful


def test_a_change_of_which_no_event_told_is_believed_at_the_second_look() -> None:
    line = Timeline(scan(a="one"))
    assert contents(line.show(scan(a="two"), after=5)) == {"a": "one"}
    assert contents(line.show(scan(a="two"), after=0.3)) == {"a": "one"}
    assert contents(line.show(scan(a="two"), after=0.5)) == {"a": "two"}


def test_each_further_change_begins_the_wait_anew() -> None:
    line = Timeline(scan(a="one"))
    line.show(scan(a="two, half"), after=5)
    assert contents(line.show(scan(a="two, more"), after=GRACE)) == {"a": "one"}
    assert contents(line.show(scan(a="two"), after=GRACE)) == {"a": "one"}
    assert contents(line.show(scan(a="two"), after=GRACE)) == {"a": "two"}


def test_a_file_that_was_read_right_after_its_last_change_is_looked_at_twice() -> None:
    line = Timeline(scan(a="one"))
    assert contents(line.show(scan(a="two", quiet=0.01), after=5, finished=FINISHED)) == {"a": "one"}


def test_a_broken_file_is_believed_at_the_second_look_only() -> None:
    line = Timeline(scan(a="one", b="one"))
    believed = line.show(scan(a="bad", b="two"), after=5, finished=FINISHED)
    assert contents(believed) == {"a": "one", "b": "two"}  # the other file need not wait
    believed = line.show(scan(a="bad", b="two"), after=GRACE)
    assert believed.files["d/a.yaml"].problems


def test_a_file_that_is_mended_in_between_was_never_broken() -> None:
    line = Timeline(scan(a="one"))
    line.show(scan(a="bad"), after=5, finished=FINISHED)
    assert contents(line.show(scan(a="two"), after=0.2, finished=FINISHED)) == {"a": "two"}
    assert not line.settler.doubtful


def test_a_file_that_is_gone_is_believed_at_the_second_look_only() -> None:
    line = Timeline(scan(a="one", b="one"))
    assert contents(line.show(scan(a="one"), after=5)) == {"a": "one", "b": "one"}
    assert contents(line.show(scan(a="one"), after=GRACE)) == {"a": "one"}


def test_a_file_that_comes_back_was_never_gone() -> None:
    line = Timeline(scan(a="one"))
    line.show(scan(), after=5)
    assert contents(line.show(scan(a="one"), after=10)) == {"a": "one"}
    line.show(scan(), after=5)
    assert line.settler.doubtful  # and its next absence is doubted anew


def test_a_file_that_became_unreadable_is_believed_so_at_the_second_look_only() -> None:
    line = Timeline(scan(a="one"))
    seen = scan(unreadable=["d/a.yaml"])
    believed = line.show(seen, after=5)
    assert contents(believed) == {"a": "one"}
    assert not believed.problems
    assert line.show(seen, after=GRACE) == seen


def test_a_directory_that_is_gone_is_believed_so_at_the_second_look_only() -> None:
    line = Timeline(scan(a="one", b="bad", unreadable=["d/c.yaml"]))
    seen = scan(unreadable=["d"])
    believed = line.show(seen, after=5)
    assert contents(believed) == {"a": "one", "b": "bad"}
    assert believed.unreadable == {"d/c.yaml"}
    assert [problem.file for problem in believed.problems] == ["d/c.yaml"]
    assert line.show(seen, after=GRACE) == seen


def test_a_directory_that_comes_back_half_filled_has_lost_nothing_yet() -> None:
    line = Timeline(scan(a="one", b="one"))
    line.show(scan(unreadable=["d"]), after=5)
    line.show(scan(unreadable=["d"]), after=GRACE)
    believed = line.show(scan(a="one"), after=5)
    assert believed.unreadable == {"d/a.yaml", "d/b.yaml"}  # whatever they say, it is not a deletion
    believed = line.show(scan(a="one"), after=GRACE)
    assert contents(believed) == {"a": "one"}
    assert not believed.unreadable


def test_a_file_that_ran_before_the_start_is_not_gone_at_once() -> None:
    line = Timeline(scan(a="one"), known=["d/a.yaml", "d/b.yaml"])
    assert line.first.unreadable == {"d/b.yaml"}
    assert line.settler.doubtful
    assert not line.show(scan(a="one"), after=GRACE).unreadable


def test_a_busy_file_is_not_believed_however_long_it_takes() -> None:
    line = Timeline(scan(a="one"))
    for _ in range(10):
        assert contents(line.show(scan(a="two, half"), after=GRACE, busy=["d/a.yaml"])) == {"a": "one"}
    assert contents(line.show(scan(a="two"), after=0.1, finished=FINISHED)) == {"a": "two"}


def test_a_new_busy_file_is_not_there_yet() -> None:
    line = Timeline(scan(a="one"))
    seen = Scan(scan(a="one").files, (), frozenset({"d/b.yaml"}), frozenset({"d"}), scan(a="one").stamps)
    assert line.show(seen, after=5, busy=["d/b.yaml"]) == line.first


def test_the_same_content_parsed_anew_needs_no_second_look() -> None:
    line = Timeline(scan(a="one"))
    anew = Scan({"d/a.yaml": broken("d/a.yaml")}, (), frozenset(), frozenset({"d"}), scan(a="one").stamps)
    assert line.show(anew, after=5) == anew


# Files together with those that they use


def using(uses: str, *, own: str = "one", quiet: float = LONG_AGO, bad: bool = False) -> Scan:
    """d/a.yaml, which uses d/people.csv with this content."""
    seen = scan(a=f"bad {own}" if bad else own)
    return replace(seen, uses={"d/a.yaml": {"d/people.csv": Stamp(uses.encode(), quiet)}})


def people(believed: Scan) -> str:
    return believed.uses["d/a.yaml"]["d/people.csv"].digest.decode()


def test_a_change_of_a_list_is_believed_at_the_second_look() -> None:
    line = Timeline(using("one"))
    assert people(line.show(using("half"), after=5)) == "one"
    assert people(line.show(using("two"), after=0.5)) == "one"
    assert people(line.show(using("two"), after=GRACE)) == "two"


def test_a_finished_change_of_a_list_is_believed_at_once() -> None:
    line = Timeline(using("one"))
    assert people(line.show(using("two"), after=5, finished=["d/people.csv"])) == "two"
    assert not line.settler.doubtful


def test_a_finished_job_file_does_not_vouch_for_its_list() -> None:
    line = Timeline(using("one"))
    assert people(line.show(using("two", own="two"), after=5, finished=["d/a.yaml"])) == "one"


def test_a_list_that_is_being_written_is_doubted_as_long_as_that() -> None:
    line = Timeline(using("one"))
    for _ in range(5):
        assert people(line.show(using("half"), after=GRACE, busy=["d/people.csv"])) == "one"
    assert people(line.show(using("half"), after=GRACE)) == "half"


def test_a_broken_list_is_believed_at_the_second_look_only() -> None:
    line = Timeline(using("one"))
    assert people(line.show(using("gone", bad=True), after=5, finished=["d/people.csv", "d/a.yaml"])) == "one"
    believed = line.show(using("gone", bad=True), after=GRACE)
    assert believed.files["d/a.yaml"].problems


def test_a_list_that_is_missing_at_the_start_is_looked_for_twice() -> None:
    line = Timeline(using("", bad=True), known=["d/a.yaml"])
    assert line.first.files == {}
    assert line.first.unreadable == {"d/a.yaml"}
    assert line.show(using("", bad=True), after=GRACE).files["d/a.yaml"].problems


def test_a_list_that_was_just_written_is_looked_at_twice_at_the_start() -> None:
    assert Timeline(using("one", quiet=0.1)).first.files == {}


def test_a_list_that_has_lain_there_is_believed_with_the_job_file_that_begins_to_use_it() -> None:
    line = Timeline(scan(a="one"))
    assert people(line.show(using("old", own="two"), after=5, finished=["d/a.yaml"])) == "old"
    line = Timeline(scan(a="one"))
    believed = line.show(using("new", own="two", quiet=0.1), after=5, finished=["d/a.yaml"])
    assert contents(believed) == {"a": "one"}
