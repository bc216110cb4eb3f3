from reminderd.jobs.activity import LONGEST, QUIET, QUIET_COMPLETE, WRITING, Activity

RENT = "d/rent.yaml"
TEA = "d/tea.yaml"
TEMPORARY = "d/.rent.yaml.AbC123"


def test_nothing_is_due_while_nothing_happens() -> None:
    assert Activity().due() is None


def test_a_finished_file_is_due_soon() -> None:
    activity = Activity()
    activity.modified(RENT, 10.0)
    activity.closed(RENT, 10.1)
    assert activity.due() == 10.1 + QUIET_COMPLETE
    assert activity.finished(10.2) == {RENT}
    assert not activity.busy(10.2)


def test_a_file_moved_here_is_finished() -> None:
    activity = Activity()
    activity.moved(None, RENT, 10.0)
    assert activity.due() == 10.0 + QUIET_COMPLETE
    assert activity.finished(10.0) == {RENT}


def test_a_temporary_file_that_takes_its_place_leaves_nothing_open() -> None:
    activity = Activity()
    activity.touched(TEMPORARY, 10.0)
    activity.modified(TEMPORARY, 10.0)
    assert activity.due() == 10.0 + QUIET
    activity.closed(TEMPORARY, 10.0)
    activity.moved(TEMPORARY, RENT, 10.0)
    assert activity.due() == 10.0 + QUIET_COMPLETE
    assert activity.finished(10.0) == {RENT}


def test_a_file_renamed_by_its_writer_before_it_closed_it_is_still_busy() -> None:
    activity = Activity()
    activity.modified(TEMPORARY, 10.0)
    activity.moved(TEMPORARY, RENT, 10.1)
    assert activity.busy(10.2) == {RENT}
    assert not activity.finished(10.2)


def test_a_deleted_job_file_may_come_back_and_is_waited_for() -> None:
    activity = Activity()
    activity.deleted(RENT, 10.0)
    assert activity.due() == 10.0 + QUIET


def test_a_deleted_temporary_file_is_not_waited_for() -> None:
    activity = Activity()
    activity.deleted(TEMPORARY, 10.0)
    assert activity.due() == 10.0 + QUIET_COMPLETE


def test_one_unfinished_file_makes_all_wait_longer() -> None:
    activity = Activity()
    activity.closed(TEA, 10.0)
    activity.touched(RENT, 10.0)
    assert activity.due() == 10.0 + QUIET


def test_unceasing_traffic_is_looked_at_all_the_same() -> None:
    activity = Activity()
    for tenth in range(100):
        activity.closed(RENT, 10.0 + tenth / 10)
    assert activity.due() == 10.0 + LONGEST


def test_a_look_answers_the_traffic_before_it() -> None:
    activity = Activity()
    activity.closed(RENT, 10.0)
    activity.looking(10.1)
    assert activity.due() is None


def test_a_file_that_is_written_is_busy_until_it_is_closed() -> None:
    activity = Activity()
    activity.modified(RENT, 10.0)
    assert activity.looking(10.3) == {RENT}
    assert activity.due() == 10.0 + WRITING
    activity.closed(RENT, 11.0)
    assert activity.looking(11.1) == frozenset()


def test_a_file_that_is_never_closed_is_let_go_after_its_last_modification() -> None:
    activity = Activity()
    activity.modified(RENT, 10.0)
    activity.modified(RENT, 12.0)
    activity.looking(12.5)
    assert activity.due() == 12.0 + WRITING
    assert activity.looking(12.0 + WRITING) == frozenset()
    assert activity.due() is None


def test_others_need_not_wait_for_a_file_that_is_written_slowly() -> None:
    activity = Activity()
    activity.modified(RENT, 10.0)
    activity.looking(10.3)
    activity.closed(TEA, 10.5)
    assert activity.due() == 10.5 + QUIET_COMPLETE


def test_a_file_that_is_touched_again_is_no_longer_finished() -> None:
    activity = Activity()
    activity.closed(RENT, 10.0)
    activity.modified(RENT, 10.1)
    assert not activity.finished(10.2)
    activity.closed(TEA, 10.0)
    activity.deleted(TEA, 10.1)
    assert not activity.finished(10.2)


def test_only_what_was_finished_before_the_reading_counts() -> None:
    activity = Activity()
    activity.closed(RENT, 10.0)
    activity.closed(TEA, 10.2)
    assert activity.finished(10.1) == {RENT}


def test_the_word_that_a_file_is_finished_serves_one_reading() -> None:
    activity = Activity()
    activity.closed(RENT, 10.0)
    activity.used([RENT], 10.1)
    assert not activity.finished(10.2)


def test_a_word_given_during_the_reading_is_kept_for_the_next() -> None:
    activity = Activity()
    activity.closed(RENT, 10.2)
    activity.used([RENT], 10.1)
    assert activity.finished(10.3) == {RENT}


def test_a_change_of_mode_or_owner_is_looked_at_and_leaves_a_finished_file_finished() -> None:
    activity = Activity()
    activity.moved(TEMPORARY, RENT, 10.0)
    activity.stirred(10.1)
    assert activity.finished(10.2) == {RENT}
    assert activity.due() == 10.1 + QUIET_COMPLETE
