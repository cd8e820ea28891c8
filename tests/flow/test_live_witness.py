"""The witness of the live tests sees what it is there for."""

import random
from pathlib import Path

from streams.warehouse.embedded.store import StoreAddress
from tests.flow.live import Installation
from tests.flow.live_witness import Front, Witness


def witness(folder: Path) -> Witness:
    """Of an installation where nothing runs."""
    return Witness(Installation(folder, "127.0.0.1:1", StoreAddress("127.0.0.1", 1, "nobody", "")))


def test_a_front_is_the_first_that_is_missing() -> None:
    """However they come; what came before is not new."""
    offsets = list(range(50))
    random.Random(1).shuffle(offsets)
    front = Front()
    for number, offset in enumerate(offsets):
        assert front.add(offset, 0)
        assert not front.add(offset, 0)
        assert front.offset == min(set(range(51)) - set(offsets[: number + 1]))


def test_a_record_that_was_overtaken_is_told(tmp_path: Path) -> None:
    """A redelivery goes back and is none; what comes for the first time behind a later one is."""
    seen = witness(tmp_path)
    for place, offset in enumerate([0, 1, 4, 1, 4, 5]):
        seen._note(2, place, 7, (offset, 0))
    assert seen.overtaken == []
    seen._note(3, 0, 7, (2, 0))
    assert seen.overtaken == []  # another enriched partition has its own order
    seen._note(2, 6, 7, (3, 0))

    assert len(seen.overtaken) == 1
    assert "raw[7] (3, 0) stands on enriched[2]" in seen.overtaken[0]


def test_what_is_due_is_what_was_committed_since(tmp_path: Path) -> None:
    """By raw partition, each once."""
    seen = witness(tmp_path)
    for place, at in enumerate([(0, 5), (1, 3), (0, 6), (0, 7)]):
        seen._note(2, place, at[0], (at[1], 0))

    assert seen._due({2: 2}) == {0: {5}, 1: {3}}
    assert seen._due({2: 2}) == {}
    assert seen._due({2: 4}) == {0: {6, 7}}
