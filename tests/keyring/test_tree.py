import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.keyring.tree import DEPTH, LAST, KeyTree, forget, forgotten, grow, key_of, renew

ROOT, OTHER = b"r" * 32, b"o" * 32
PERIODS = st.integers(0, LAST["daily"])
RANGES = st.tuples(PERIODS, st.integers(0, 2000)).map(lambda at: (at[0], min(at[0] + at[1], LAST["daily"])))


def test_every_period_has_its_own_key() -> None:
    """32 bytes, no two alike, and the same again from the same root."""
    tree = grow("daily", ROOT)
    keys = {key_of(tree, period) for period in range(0, LAST["daily"] + 1, 13)}

    assert None not in keys
    assert {len(key) for key in keys if key} == {32}
    assert len(keys) == len(range(0, LAST["daily"] + 1, 13))
    assert keys == {key_of(grow("daily", ROOT), period) for period in range(0, LAST["daily"] + 1, 13)}


def test_a_key_that_never_rotates_is_one() -> None:
    """Its tree is its root, and to forget it leaves nothing."""
    tree = grow("none", ROOT)

    assert key_of(tree, 0) not in (None, ROOT)
    assert forget(tree, 0, LAST["none"]).nodes == {}


@given(st.lists(RANGES, max_size=5), PERIODS)
def test_a_forgotten_period_has_no_key_and_the_others_keep_theirs(ranges: list[tuple[int, int]], period: int) -> None:
    """Whatever is forgotten, in whatever order; what is told as forgotten is what is."""
    whole = tree = grow("daily", ROOT)
    for first, last in ranges:
        tree = forget(tree, first, last)
    gone = any(first <= period <= last for first, last in ranges)

    assert key_of(tree, period) == (None if gone else key_of(whole, period))
    assert any(first <= period <= last for first, last in forgotten(tree)) == gone


@given(st.lists(RANGES, min_size=1, max_size=5))
def test_no_node_that_is_left_stands_above_a_forgotten_period(ranges: list[tuple[int, int]]) -> None:
    """So nothing that is left leads to its key: children are hashes of parents, never the other way."""
    tree = grow("daily", ROOT)
    for first, last in ranges:
        tree = forget(tree, first, last)

    for level, place in tree.nodes:
        width = DEPTH["daily"] - level
        start, end = place << width, ((place + 1) << width) - 1
        assert not any(first <= end and start <= last for first, last in ranges)
    assert len(tree.nodes) <= 2 * DEPTH["daily"] * len(ranges)


def test_forgetting_day_by_day_keeps_the_file_small() -> None:
    """Ten years of a nightly forget leave no more nodes than levels."""
    tree = grow("daily", ROOT)
    for day in range(3650):
        tree = forget(tree, 0, day)

    assert len(tree.nodes) <= DEPTH["daily"]


@given(PERIODS, PERIODS)
def test_a_new_root_counts_from_its_period_on(first: int, period: int) -> None:
    """Before it the old keys stay; from it on the keys are the new root's, which the old nodes do not give."""
    old = grow("daily", ROOT)
    tree = renew(old, first, OTHER)

    assert key_of(tree, period) == key_of(grow("daily", OTHER) if period >= first else old, period)
    assert not set(tree.nodes.values()) & {ROOT, OTHER} or first == 0


def test_forgotten_stays_forgotten_when_the_root_is_renewed() -> None:
    """A rotation gives no key back."""
    tree = renew(forget(grow("daily", ROOT), 10, 20), 100, OTHER)

    assert forgotten(tree) == [(10, 20)]
    assert key_of(tree, 15) is None


@pytest.mark.parametrize("rotation", ["none", "daily", "monthly"])
def test_a_short_root_is_refused(rotation: str) -> None:
    """What is short can be guessed."""
    with pytest.raises(ValueError, match="32 bytes"):
        grow(rotation, b"short")  # type: ignore[arg-type]


def test_no_key_shows_in_a_repr() -> None:
    """Not by accident in a log."""
    root = random.Random(1).randbytes(32)

    assert repr(root) not in repr(grow("daily", root))
    assert "1 nodes" in repr(KeyTree("daily", {(0, 0): root}))
