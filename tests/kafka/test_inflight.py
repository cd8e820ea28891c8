from faust.types import TP

from streams.kafka.inflight import InFlight
from tests.kafka.records import piece

P0 = TP("t", 0)


def test_nothing_beyond_an_unacknowledged_head_is_committable() -> None:
    """A slice acknowledged out of order waits for those before it, also with no commit yet."""
    inflight = InFlight()
    first, second = piece(0, 10), piece(10, 5)
    inflight.deliver(first)
    inflight.deliver(second)
    second.acked = True
    assert inflight.pop_head(P0) is None
    first.acked = True
    assert inflight.head_acked()
    assert inflight.pop_head(P0) == 15
    assert inflight.pop_head(P0) is None


def test_a_slice_from_before_a_clear_is_refused() -> None:
    """The partition may have come back with the same offsets: the old slice's work was for another ownership."""
    inflight = InFlight()
    old = piece(0, 10)
    inflight.deliver(old)
    inflight.clear(P0)
    assert not inflight.holds(old)
    inflight.deliver(new := piece(0, 10))
    assert inflight.holds(new)
    assert not inflight.holds(old)


def test_partitions_do_not_wait_for_each_other() -> None:
    """Each has its own queue."""
    inflight = InFlight()
    inflight.deliver(piece(0, 3))
    inflight.deliver(other := piece(7, 1, partition=1))
    other.acked = True
    assert inflight.pop_head(TP("t", 1)) == 8
    assert inflight.empty(TP("t", 1))
    assert not inflight.empty(P0)
