"""The order in which the callbacks of one message are made, whatever is held back."""

from hypothesis import given
from hypothesis import strategies as st

from reminderd.gateway.sandbox.callbacks.callback import Callback
from reminderd.gateway.sandbox.callbacks.chain import Chain
from reminderd.gateway.sandbox.faults import Kind


def callback(number: int) -> Callback:
    return Callback(
        Kind.STATUS, "chain", "uuid", "+14155550101", "http://127.0.0.1/", "POST", "", "token", number=number
    )


def taken(held: list[bool], pauses: list[bool]) -> list[int]:
    """The numbers in the order in which they are made; between two that come, one is made where `pauses` says so."""
    chain, order = Chain(), []

    def make() -> bool:
        found = chain.take()
        if found is None:
            return False
        assert chain.take() is None  # one at a time
        order.append(found.number)
        assert chain.over(found)
        assert not chain.over(found)
        return True

    for number, (back, pause) in enumerate(zip(held, pauses, strict=True), 1):
        (chain.hold if back else chain.add)(callback(number))
        if pause:
            make()
    while make():
        pass
    return order


flags = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12)


@given(flags)
def test_each_is_made_once_and_what_is_held_comes_after_a_later_one(drawn: list[tuple[bool, bool]]) -> None:
    held = [back for back, _ in drawn]
    order = taken(held, [pause for _, pause in drawn])
    assert len(order) == len(set(order))
    free = [number for number, back in enumerate(held, 1) if not back]
    assert [number for number in order if number in free] == free
    missing = set(range(1, len(held) + 1)) - set(order)
    assert missing == {number for number, back in enumerate(held, 1) if back and number > max(free, default=0)}
    for number, back in enumerate(held, 1):
        if back and number in order:
            assert any(later > number for later in order[: order.index(number)])


def test_what_is_held_altogether_comes_the_other_way_round() -> None:
    assert taken([True, True, False], [False] * 3) == [3, 2, 1]


def test_a_chain_is_empty_when_nothing_waits_or_is_made() -> None:
    chain, emptiness = Chain(), []
    emptiness.append(chain.empty)
    chain.add(callback(1))
    emptiness.append(chain.empty)
    found = chain.take()
    assert found is not None
    emptiness.append(chain.empty)
    chain.over(found)
    emptiness.append(chain.empty)
    chain.hold(callback(2))
    emptiness.append(chain.empty)
    assert emptiness == [True, False, False, True, False]
