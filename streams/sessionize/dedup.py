"""Duplicates (design.md §6 rule 7): which copies of an event id are kept.

Copies of one id stand in (time, fingerprint, coordinates) order; one is kept if no copy, kept or not, precedes it
within the window. So of one time at most the first is kept, and a copy to come can only make a kept one a duplicate.
"""

from bisect import bisect_left

import msgspec

from streams.sessionize.hit import Hit
from streams.sessionize.visitor import Visitor


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What one more copy decides. ``losers`` were kept until now; at ``tombstones`` (times) no copy is kept."""

    is_kept: bool
    losers: tuple[Hit, ...] = ()
    tombstones: tuple[int, ...] = ()


FIRST = Decision(is_kept=True)


def admit(visitor: Visitor, hit: Hit) -> Decision:
    """Take the copy into the visitor's state and say what it decides."""
    times = visitor.copies.look_up(hit.id)
    if times is None:
        visitor.copies.add(hit.id, hit.time)
        visitor.open.insert(hit)
        return FIRST
    return _among_copies(visitor, hit, times)


def _among_copies(visitor: Visitor, hit: Hit, times: tuple[int, ...]) -> Decision:
    time, window = hit.time, visitor.options.dedup_window_ms
    at = bisect_left(times, time)
    follows = at > 0 and time - times[at - 1] <= window
    # a kept copy that a cap sealed early cannot be taken back: this one is the duplicate, whatever their order
    follows = follows or (at < len(times) and time < times[at] <= min(time + window, visitor.sealed_to))
    if at < len(times) and times[at] == time:
        return Decision(is_kept=False, tombstones=(time,)) if follows else _same_time(visitor, hit)
    visitor.copies.add_more(hit.id, _sparse((*times[:at], time, *times[at:]), at, window))
    losers = _overtaken(visitor, hit, times[at] if at < len(times) else None)
    lost = tuple(loser.time for loser in losers)
    if follows:
        # a tombstone even though this copy was never kept: a late copy may have the same key, and whether this one was
        # kept for a while depends on which raw partition came first
        return Decision(is_kept=False, losers=losers, tombstones=(time, *lost))
    visitor.open.insert(hit)
    return Decision(is_kept=True, losers=losers, tombstones=lost)


def _sparse(times: tuple[int, ...], at: int, window: int) -> tuple[int, ...]:
    """Without times around ``at`` whose neighbours are within the window: what they decide, a neighbour decides."""
    for middle in (at + 1, at, at - 1):
        if 0 < middle < len(times) - 1 and times[middle + 1] - times[middle - 1] <= window:
            times = (*times[:middle], *times[middle + 1 :])
    return times


def _same_time(visitor: Visitor, hit: Hit) -> Decision:
    """Two copies of one row key: the lesser rank is kept, and its row simply beats the other's."""
    rival = visitor.open.find(hit.time, hit.id)
    if rival is None or visitor.texts.rank(rival) < visitor.texts.rank(hit):
        return Decision(is_kept=False)
    visitor.open.take_out(hit.time, hit.id)
    visitor.open.insert(hit)
    return Decision(is_kept=True, losers=(rival,))


def _overtaken(visitor: Visitor, hit: Hit, following: int | None) -> tuple[Hit, ...]:
    """The kept copy after this one, if it now lies within the window of an earlier copy."""
    if following is None or following - hit.time > visitor.options.dedup_window_ms:
        return ()
    loser = visitor.open.take_out(following, hit.id)
    return () if loser is None else (loser,)
