"""Settings files and variables of every kind of nonsense: settings, or problems that a person can read."""

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from reminderd.settings import VARIABLES, load_settings, usable_settings
from tests.property.test_fuzz_loader import UNSEEN, VALUES, flow

Test = TypeVar("Test", bound=Callable[..., None])

NIGHTLY = bool(os.environ.get("NIGHTLY"))
EXAMPLES = 3_000 if NIGHTLY else 60
SEED = int(os.environ.get("REMINDERD_SEED", "0")) or None
SECRET = "secret-that-no-problem-shows"

KEYS = st.one_of(st.sampled_from(["jobs", "state", "timezone", "plivo", "log"]), st.text(max_size=4))
INNER = st.one_of(
    st.sampled_from(
        [
            *("auth_id", "auth_token", "auth_token_file", "sender", "shared_sender", "url", "rate", "threads", "proxy"),
            *("connect_timeout", "read_timeout", "deadline", "reconcile", "ca_file", "format", "level"),
        ]
    ),
    st.text(max_size=4),
)
WORDS = st.one_of(
    st.sampled_from(
        [
            *(
                "/dev/zero",
                "/dev/full",
                "/",
                "..",
                "a" * 300,
                "a/" * 200,
                "http://[",
                "http://\u202e.x",
                "http://x:99999",
            ),
            *(
                "local",
                "localtime",
                "../../etc/passwd",
                "1e999",
                "-1",
                "9" * 400,
                "0s",
                "info",
                "MA" + "x" * 18,
                "\x00",
            ),
        ]
    ),
    st.text(max_size=10),
)
SECTIONS = st.dictionaries(INNER, st.one_of(WORDS, VALUES, st.lists(WORDS, max_size=3)), max_size=5)
FILES = st.dictionaries(KEYS, st.one_of(WORDS, SECTIONS, VALUES, st.lists(WORDS, max_size=3)), max_size=5)


def replay(test: Test) -> Test:
    return seed(SEED)(test) if SEED else test


def fuzz(examples: int = EXAMPLES) -> settings:
    return settings(max_examples=examples, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])


def check(config: Path, environ: dict[str, str]) -> None:
    found, problems = load_settings(config, environ)
    assert (found is None) == bool(problems)
    usable, same = usable_settings(config, environ)
    assert same == problems
    assert usable == (found or usable)
    assert usable.plivo.threads  # settings that can be used, whatever was written
    for problem in problems:
        said = str(problem)
        assert not UNSEEN & {unicodedata.category(character) for character in said}, ascii(said)
        assert len(said) < 1_500
        assert SECRET not in said


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings") / "reminderd.yaml"


@replay
@given(content=FILES)
@fuzz()
def test_any_settings_file_is_settings_or_problems(config: Path, content: dict[str, object]) -> None:
    config.write_bytes(flow(content).encode("utf-8", "surrogatepass"))
    check(config, {})


@replay
@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
@fuzz()
def test_any_bytes_are_settings_or_problems(config: Path, data: bytes) -> None:
    config.write_bytes(data)
    check(config, {})


# What a process can be given: no NUL, and bytes that are not UTF-8 as surrogates.
ARGUMENTS = st.binary(max_size=30).map(lambda data: os.fsdecode(data.replace(b"\0", b"")))


@replay
@given(
    environ=st.dictionaries(
        st.one_of(st.sampled_from(sorted(VARIABLES)), ARGUMENTS.map("REMINDERD_{}".format)), st.one_of(ARGUMENTS, WORDS)
    )
)
@fuzz()
def test_any_variables_are_settings_or_problems(config: Path, environ: dict[str, str]) -> None:
    config.write_text("# nothing\n")
    environ = {name: value.replace("\0", "") for name, value in environ.items() if name != "REMINDERD_CONFIG"}
    check(config, environ)


@pytest.mark.parametrize("key", ["auth_token", "proxy"])
def test_a_problem_with_a_secret_does_not_repeat_it(config: Path, key: str) -> None:
    config.write_text(f'plivo: {{{key}: "{SECRET} \\u202e"}}\n')
    check(config, {})
    _, problems = load_settings(config, {})
    assert len(problems) == 1
    assert SECRET not in str(problems)


def test_the_machines_own_zone_is_never_the_one_that_is_meant(config: Path) -> None:
    config.write_text("timezone: local\n")
    _, (problem,) = load_settings(config, {})
    assert "localtime" not in str(problem)


@pytest.mark.parametrize("key", ["state", "jobs", "plivo: {ca_file", "plivo: {auth_token_file"])
def test_a_name_that_no_file_can_have_is_a_problem_at_its_place(config: Path, key: str) -> None:
    config.write_text(f"{key}: {'x' * 300}{'}' * key.count('{')}\n")
    _, (problem,) = load_settings(config, {})
    assert problem.line == 1
    assert "has a name of 300 bytes in it" in problem.message
