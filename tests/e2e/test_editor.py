"""Writing a job file in an editor: the schema with yaml-language-server, the server that most editors use."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reminderd.reference import job_files
from tests.support.editor import Editor, editor, server_command

MODELINE = "# yaml-language-server: $schema=reminderd.schema.json\n"
SERVER = server_command()
pytestmark = [
    pytest.mark.skipif(SERVER is None, reason="no yaml-language-server; `make editor` installs it where there is npm"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module", params=["7", "2020-12"])
def edit(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Editor]:
    folder: Path = tmp_path_factory.mktemp("editor")
    (folder / "reminderd.schema.json").write_text(json.dumps(job_files(request.param)))
    assert SERVER is not None
    with editor(SERVER, folder) as running:
        yield running


def test_a_good_file_has_no_marks(edit: Editor) -> None:
    text = MODELINE + "schedule: {cron: 0 9 * * MON-FRI}\nto: +14155550101\nmessage: Hello\nvalid_for: 1h30m\n"
    assert edit.open("good.yaml", text) == []


def test_mistakes_are_marked_where_they_are_with_what_to_write(edit: Editor) -> None:
    text = (
        MODELINE + "schedule: {cron: often}\nto: +14155550101\nmesage: Hello\ncatch_up: lates\nvalid_for: 90 minutes\n"
    )
    marks = [(mark["range"]["start"]["line"], mark["message"]) for mark in edit.open("bad.yaml", text)]
    wanted = [
        (1, "write minute, hour, day of month"),
        (1, 'Missing property "message"'),
        (3, "Property mesage is not allowed"),
        (4, 'Value is not accepted. Valid values: "latest", "all", "none"'),
        (5, "write a duration like 20s, 5m, 1h30m"),
    ]
    for line, words in wanted:
        assert any(at == line and said.startswith(words) for at, said in marks), (line, words, marks)
    assert len(marks) == len(wanted)


@pytest.mark.parametrize(
    ("lines", "place", "words"),
    [
        (
            "schedule: {cron: 0 9 * * *, at: 2027-01-01T09:00}\nto: +14155550101\nmessage: x\n",
            (1, 11),
            "Property cron is not",
        ),
        ("schedule: {cron: 0 9 * * *}\nto: [{phon: +14155550101}]\nmessage: x\n", (2, 5), 'Missing property "phone"'),
        ("schedule: {cron: 0 9 * * *}\nto: {group: a, were: x}\nmessage: x\n", (2, 15), "Property were is not allowed"),
        ("schedule: {at: [2027-01-01T09:00, soon]}\nto: +14155550101\nmessage: x\n", (1, 34), "write a time like"),
        (
            "schedule: {cron: 0 9 * * *}\nto: +14155550101\nmessage: x\ntemplate: y\n",
            (4, 0),
            "Property template is not",
        ),
    ],
)
def test_a_mistake_deeper_inside_is_marked_at_its_own_place(
    edit: Editor, lines: str, place: tuple[int, int], words: str
) -> None:
    (mark,) = edit.open(f"deep-{place[0]}-{place[1]}.yaml", MODELINE + lines)
    start = mark["range"]["start"]
    assert (start["line"], start["character"]) == place
    assert mark["message"].startswith(words)


def test_the_keys_that_fit_are_offered_with_what_they_mean(edit: Editor) -> None:
    edit.open("keys.yaml", MODELINE + "schedule:\n  \nto: +14155550101\n\n")
    top = edit.completions("keys.yaml", 4, 0)
    assert {"message", "messages", "valid_for", "quiet_hours", "on_doubt"} < top.keys()
    assert not {"cron", "phone", "to"} & top.keys()
    assert "still worth sending" in top["valid_for"]["documentation"]
    assert {"at", "cron", "every"} <= edit.completions("keys.yaml", 2, 2).keys()


def test_an_empty_file_is_offered_one_job_or_several(edit: Editor) -> None:
    edit.open("empty.yaml", MODELINE + "\n")
    assert {"schedule", "to", "message", "jobs", "defaults"} <= edit.completions("empty.yaml", 1, 0).keys()
    edit.open("several.yaml", MODELINE + "jobs:\n  - \n")
    assert {"name", "schedule", "to"} <= edit.completions("several.yaml", 2, 4).keys()


def test_the_words_that_a_key_takes_are_offered(edit: Editor) -> None:
    edit.open("words.yaml", MODELINE + "schedule: {cron: 0 9 * * *}\nto: +14155550101\nmessage: x\ncatch_up: \n")
    assert edit.completions("words.yaml", 4, 10).keys() == {"latest", "all", "none"}


def test_the_keys_of_a_recipient_are_offered(edit: Editor) -> None:
    edit.open("to.yaml", MODELINE + "schedule: {cron: 0 9 * * *}\nmessage: x\nto:\n  - \n")
    assert {"phone", "name", "timezone", "group", "file", "where"} <= edit.completions("to.yaml", 4, 4).keys()


def test_a_key_is_explained_with_examples(edit: Editor) -> None:
    edit.open("hover.yaml", MODELINE + "schedule: {cron: 0 9 * * *}\nto: +14155550101\nmessage: x\nvalid_for: 8h\n")
    said = edit.hover("hover.yaml", 4, 3)
    assert "still worth sending" in said
    assert "10m" in said
    assert "the first Monday" in edit.hover("hover.yaml", 1, 13)
