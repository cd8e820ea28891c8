"""The deadline index: in order, and provisional until kept."""

from streams.sessionize.due import NEVER, DueIndex


def drain(index: DueIndex) -> list[bytes]:
    """All keys in order."""
    keys = []
    while index.first != NEVER:
        keys.append(index.pop())
    return keys


def test_keys_come_in_order_of_time() -> None:
    """Kept and pushed entries come as one sequence."""
    index = DueIndex([(5, b"e"), (1, b"a")])
    index.push(3, b"c")
    assert index.first == 1
    assert drain(index) == [b"a", b"c", b"e"]


def test_equal_entries_come_once() -> None:
    """Lazy entries of one key and time do not pile up."""
    index = DueIndex([(1, b"a"), (1, b"a"), (1, b"b")])
    index.push(1, b"a")
    assert drain(index) == [b"a", b"b"]


def test_restore_forgets_pops_and_pushes() -> None:
    """After a fold that was given up the index is as before."""
    index = DueIndex([(1, b"a"), (2, b"b")])
    index.pop()
    index.push(0, b"z")
    index.restore()
    assert index.first == 1
    assert drain(index) == [b"a", b"b"]


def test_keep_makes_them_lasting() -> None:
    """After a commit what was popped is gone and what was pushed stays."""
    index = DueIndex([(1, b"a")])
    index.pop()
    index.push(7, b"z")
    index.keep()
    index.restore()
    assert len(index) == 1
    assert drain(index) == [b"z"]
