"""The truth about simulated lines: what each one is, and which sessions there really are."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

EVENT, COPY, LATE, BROKEN = "event", "copy", "late", "broken"
"""Kinds of line: accepted, an on-time copy of an accepted event, too old on arrival, unreadable."""


class Session(msgspec.Struct, frozen=True, array_like=True):
    """Milliseconds since 1970 UTC, and a count."""

    start: int
    end: int
    events: int


class VisitorTruth(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="visitor"):
    """The last lines of a truth file: one for each visitor, with its true sessions."""

    app: str
    visitor: str
    bot: bool
    sessions: list[Session]


def fold(times: Iterable[int], gap_ms: int, longest_ms: int) -> Iterator[Session]:
    """Sessions of one visitor: a new one where more than ``gap_ms`` passed since the last event, or more than
    ``longest_ms`` since the first. Written for itself, so that it can judge the pipeline's fold."""
    start = end = count = 0
    for time in sorted(times):
        if count and (time - end > gap_ms or time - start > longest_ms):
            yield Session(start, end, count)
            count = 0
        if not count:
            start = time
        end = time
        count += 1
    if count:
        yield Session(start, end, count)


class Ledger:
    """Times of the accepted events of every visitor (8 bytes each), and counts by kind."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.apps: Counter[str] = Counter()
        self.bots = 0
        self._times: dict[tuple[str, str], array[int]] = {}
        self._bots: set[tuple[str, str]] = set()

    def add(self, app: str, visitor: str, kind: str, time: int, *, is_bot: bool) -> None:
        """Count one line. Lines of kind ``broken`` belong to no visitor."""
        self.kinds[kind] += 1
        self.apps[app] += 1
        if is_bot:
            self.bots += 1
        if kind in (EVENT, LATE):
            key = (app, visitor)
            times = self._times.get(key)
            if times is None:
                times = self._times[key] = array("q")
                if is_bot:
                    self._bots.add(key)
            if kind == EVENT:
                times.append(time)

    def visitors(self, gap_ms: int, longest_ms: int) -> Iterator[VisitorTruth]:
        """In the order they were first seen."""
        for key, times in self._times.items():
            sessions = list(fold(times, gap_ms, longest_ms))
            yield VisitorTruth(app=key[0], visitor=key[1], bot=key in self._bots, sessions=sessions)
