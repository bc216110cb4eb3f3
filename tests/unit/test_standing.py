"""What `status` says of a daemon that runs and does not do well: by its own word, else by the loop's row."""

from datetime import UTC, datetime, timedelta
from typing import Any

from reminderd.cli.standing import open_alerts, trouble
from reminderd.clock import to_text

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


def ago(**age: float) -> str:
    return to_text(NOW - timedelta(**age))


def said(words: str | None) -> dict[str, Any]:
    return {"trouble": words, "last_good_pass_at": ago(minutes=12), "alerts": []}


def by_row(*, started: str, noted: str | None) -> str | None:
    return trouble(None, {"started_at": started}, {"finished_at": noted} if noted else None, NOW)


def test_the_daemons_own_word_counts() -> None:
    old = {"finished_at": ago(hours=1)}
    assert trouble(said(None), {"started_at": ago(hours=2)}, old, NOW) is None
    assert trouble(said("the disk is full"), {"started_at": ago(hours=2)}, old, NOW) == (
        "the disk is full; its last good pass was 12m ago"
    )


def test_of_one_that_does_not_answer_the_loops_row_tells() -> None:
    assert by_row(started=ago(hours=2), noted=ago(seconds=40)) is None
    assert by_row(started=ago(seconds=20), noted=ago(hours=1)) is None, "it has just started"
    late = by_row(started=ago(hours=2), noted=ago(minutes=12))
    assert late == "it does not answer; its last good pass was 12m ago; see its log: journalctl -u reminderd"
    assert "no good pass was noted yet" in str(by_row(started=ago(hours=2), noted=None))


def test_alerts_that_the_state_has_not_taken_come_first_and_none_twice() -> None:
    known = {"name": "gateway", "summary": "", "opened_at": "", "told_at": None, "over_at": None, "over_told_at": None}
    over = {**known, "name": "disk", "over_at": ago(days=1)}
    word = said("full") | {"alerts": [{**known, "name": name} for name in ("gateway", "disk")]}
    shown = open_alerts([known, over], word)
    assert [(row["name"], row["over_at"]) for row in shown] == [
        ("disk", None),
        ("gateway", None),
        ("disk", over["over_at"]),
    ]
    assert open_alerts([known], None) == [known]
