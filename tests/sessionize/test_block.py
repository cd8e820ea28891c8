"""Hits as bytes."""

import pytest

from streams.sessionize.block import Block, pack
from streams.sessionize.hit import Hit


def hit(time: int, **numbers: int) -> Hit:
    """One with an id of its own."""
    return Hit(
        time, time.to_bytes(16, "big", signed=True), 2**32 - 1, 2**24 - 1, 65535, 65535, 255, 255, 255, **numbers
    )


NARROW = [hit(1_700_000_000_000 + k) for k in (0, 5, 2**24 - 1)]


@pytest.mark.parametrize(
    ("more", "is_wide"),
    [
        ([], False),
        ([hit(NARROW[0].time + 2**24)], True),
        ([hit(NARROW[-1].time + 1, referrer=256)], True),
        ([hit(NARROW[-1].time, referrer=255)], False),
    ],
)
def test_hits_come_back(more: list[Hit], is_wide: bool) -> None:
    """Also where one does not fit into a narrow row, packed at once or behind others."""
    hits = [*NARROW, *more]
    for block in (pack(hits), pack(NARROW).extended(more)):
        assert (block.hits(), block.is_wide, len(block)) == (hits, is_wide, len(hits))
        assert [block.time(at) for at in (0, 1, -1)] == [hits[at].time for at in (0, 1, -1)]
        assert [block.hit(at) for at in (0, 1, -1)] == [hits[at] for at in (0, 1, -1)]


def test_a_narrow_hit_is_34_bytes() -> None:
    """Its id and 18 more."""
    assert len(pack(NARROW).data) == 3 * 34
    assert (len(Block()), Block().hits()) == (0, [])


def test_times_before_1970_fit() -> None:
    """Rows count from the first."""
    assert pack([hit(-7), hit(3)]).hits() == [hit(-7), hit(3)]
