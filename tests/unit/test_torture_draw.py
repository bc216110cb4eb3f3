"""The torture's plan: whatever happens to the files is drawn of what there is by then."""

import pytest

from tests.torture import draw
from tests.torture.plan import Edits, Put, Remove, Rename


@pytest.mark.parametrize("seed", range(12))
def test_no_file_is_edited_after_it_was_renamed_away(seed: int) -> None:
    plan = draw.draw(seed, rounds=40, jobs=150)
    there, gone = set[str](), set[str]()
    actions = [plan.start]
    for each in plan.rounds:
        actions += [step.action for step in each.steps if isinstance(step.action, Edits)]
        actions += [action for action in each.while_down if isinstance(action, Edits)]
    for change in (change for edits in actions for change in edits.changes):
        match change:
            case Rename(old, new):
                assert old in there
                there, gone = there - {old} | {new}, gone | {old}
            case Put(path):
                assert path not in gone
                there.add(path)
            case Remove(path):
                assert path in there
                there.discard(path)
