"""The session algebra."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from streams.sessionize.fold import begin, fold, gather
from streams.sessionize.hit import PAGE_VIEW, Hit
from streams.sessionize.options import SessionOptions
from streams.sessionize.texts import Texts
from streams.sessionize.words import Words, write

OPTIONS = SessionOptions(gap_ms=4, longest_ms=9, lateness_ms=0, dedup_window_ms=0, max_steps=3)
TEXTS = Texts(Words(), [("raw@1", 0, 0, 1, 0, 0, 0, 0, 0)], [write((PAGE_VIEW, "", "", "", "/"))])


def hit(time: int, name: int = 0) -> Hit:
    """A page view at a time."""
    return Hit(time, name.to_bytes(16, "big"), page=1)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12).map(sorted), st.integers(1, 12))
def test_sealing_a_prefix_changes_nothing(times: list[int], prefix: int) -> None:
    """Sealed prefix and open rest fold like the whole, and leave the sealed part as it was."""
    hits = [hit(time, at) for at, time in enumerate(times)]
    whole = fold(None, hits, TEXTS, OPTIONS)
    cut = min(prefix, whole[0].total)
    sealed = gather(None, hits[:cut], TEXTS, OPTIONS)
    assert sealed is not None
    before = sealed.copy()
    assert fold(sealed, hits[cut:], TEXTS, OPTIONS) == whole
    assert sealed == before


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12).map(sorted))
def test_equal_times_are_never_parted(times: list[int]) -> None:
    """Sessions are apart in time."""
    sessions = fold(None, [hit(time, at) for at, time in enumerate(times)], TEXTS, OPTIONS)
    assert all(one.end < other.start for one, other in itertools.pairwise(sessions))


def test_longest_at_its_boundary() -> None:
    """Nine after the start stays, ten begins the next."""
    assert [s.total for s in fold(None, [hit(t) for t in (0, 3, 6, 9)], TEXTS, OPTIONS)] == [4]
    assert [s.total for s in fold(None, [hit(t) for t in (0, 3, 6, 10)], TEXTS, OPTIONS)] == [3, 1]


def test_gathering_never_parts() -> None:
    """All go into one session, whatever their times: where it ends was decided before."""
    session = gather(begin(hit(0), TEXTS, OPTIONS), [hit(50)], TEXTS, OPTIONS)
    assert session is not None
    assert (session.start, session.end, session.total) == (0, 50, 2)
