"""The session algebra."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from streams.sessionize.fold import begin, fold, outline
from streams.sessionize.hit import PAGE_VIEW, Hit
from streams.sessionize.options import SessionOptions

OPTIONS = SessionOptions(gap_ms=4, longest_ms=9, lateness_ms=0, dedup_window_ms=0, max_steps=3)


def hit(time: int, name: int = 0) -> Hit:
    """A page view at a time."""
    return Hit(time, name.to_bytes(16, "big"), 0, "raw@1", 0, name, 0, time, 1, 0, PAGE_VIEW, 0)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12).map(sorted), st.integers(1, 12))
def test_sealing_a_prefix_changes_nothing(times: list[int], prefix: int) -> None:
    """Sealed prefix and open rest fold like the whole, and leave the sealed part as it was; so does the deadline."""
    hits = [hit(time, at) for at, time in enumerate(times)]
    whole = fold(None, hits, OPTIONS)
    cut = min(prefix, whole[0].total)
    sealed = begin(hits[0], OPTIONS)
    for one in hits[1:cut]:
        sealed.add(one, OPTIONS.max_steps)
    before = sealed.copy()
    assert fold(sealed, hits[cut:], OPTIONS) == whole
    assert sealed == before
    outlined = ([session.identity for session in whole], whole[0].due(OPTIONS))
    assert outline(sealed, hits[cut:], OPTIONS) == outline(None, hits, OPTIONS) == outlined


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12).map(sorted))
def test_equal_times_are_never_parted(times: list[int]) -> None:
    """Sessions are apart in time."""
    sessions = fold(None, [hit(time, at) for at, time in enumerate(times)], OPTIONS)
    assert all(one.end < other.start for one, other in itertools.pairwise(sessions))


def test_longest_at_its_boundary() -> None:
    """Nine after the start stays, ten begins the next."""
    assert [s.total for s in fold(None, [hit(t) for t in (0, 3, 6, 9)], OPTIONS)] == [4]
    assert [s.total for s in fold(None, [hit(t) for t in (0, 3, 6, 10)], OPTIONS)] == [3, 1]
