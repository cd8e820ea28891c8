"""The deadline index: in order, and provisional until kept."""

from hypothesis import given
from hypothesis import strategies as st

from streams.sessionize.due import NEVER, DueIndex


def drain(index: DueIndex) -> list[bytes]:
    """All keys in order."""
    keys = []
    while index.first != NEVER:
        keys.append(index.pop())
    return keys


def test_keys_come_in_order_of_time() -> None:
    """What is pushed comes with its time; kept entries of one bucket come at its begin, in any order."""
    index = DueIndex([(5 << 20, b"e"), (1 << 20, b"a")])
    index.push(3 << 20, b"c")
    assert index.first == 1 << 20
    assert drain(index) == [b"a", b"c", b"e"]


def test_what_comes_early_is_put_back() -> None:
    """A kept entry is first offered at its bucket's begin; put back with its time it waits for it, also when kept."""
    index = DueIndex([(100, b"a"), (200, b"b")])
    assert index.first == 0
    for key, due in ((b"a", 100), (b"b", 200)):
        assert index.pop() == key
        index.push(due, key)
    index.keep()
    index.restore()
    assert (index.first, len(index)) == (100, 2)
    assert drain(index) == [b"a", b"b"]


def test_equal_entries_come_once() -> None:
    """Lazy entries of one key and time do not pile up."""
    assert drain(DueIndex([(1, b"a"), (2, b"a"), (1, b"b")])) == [b"a", b"b"]
    index = DueIndex([])
    for _ in range(3):
        index.push(1, b"a")
    assert drain(index) == [b"a"]


def test_restore_forgets_pops_and_pushes() -> None:
    """After a fold that was given up the index is as before."""
    index = DueIndex([(1 << 20, b"a"), (2 << 20, b"b")])
    index.pop()
    index.push(0, b"z")
    index.restore()
    assert index.first == 1 << 20
    assert drain(index) == [b"a", b"b"]


def test_keep_makes_them_lasting() -> None:
    """After a commit what was popped is gone and what was pushed stays."""
    index = DueIndex([(1 << 20, b"a")])
    index.pop()
    index.push(7 << 20, b"z")
    index.keep()
    index.restore()
    assert len(index) == 1
    assert drain(index) == [b"z"]


@given(
    st.lists(st.tuples(st.integers(0, 1 << 17), st.sampled_from([bytes([k]) for k in range(9)])), max_size=20),
    st.lists(st.tuples(st.sampled_from(["pop", "push", "keep", "restore"]), st.integers(0, 1 << 17)), max_size=40),
)
def test_no_key_is_ever_late(entries: list[tuple[int, bytes]], steps: list[tuple[str, int]]) -> None:
    """Whatever is popped, pushed, kept and undone: the index never says later than the earliest entry there is."""
    index, kept = DueIndex(entries), list(entries)
    now = list(kept)
    for what, due in steps:
        if what == "pop" and now:
            first = index.first
            key = index.pop()
            assert first <= min(due for due, _ in now)
            assert key in {key for _, key in now}
            exact = min(due for due, other in now if other == key)
            index.push(exact, key)  # as a reader does that finds it too early
        elif what == "push":
            index.push(due, b"new")
            now.append((due, b"new"))
        elif what == "keep":
            index.keep()
            kept = list(now)
        elif what == "restore":
            index.restore()
            now = list(kept)
        assert index.first <= min([due for due, _ in now], default=NEVER)
        assert (index.first == NEVER) == (not now)
