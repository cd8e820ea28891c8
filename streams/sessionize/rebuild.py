"""One visitor folded anew from what the warehouse holds of it, late events adopted (design.md §6 rule 10)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from streams.records import INFINITY, Event, Outcome, SessionRow
from streams.sessionize.copies import as_times
from streams.sessionize.counts import Counts
from streams.sessionize.dedup import admit
from streams.sessionize.hit import Hit
from streams.sessionize.options import SessionOptions
from streams.sessionize.rows import loser_outcome, session_row, tombstone
from streams.sessionize.state import VisitorState, key_parts
from streams.sessionize.visitor import Visitor, horizon_of


class Bounds(NamedTuple):
    """How far a rebuild may go. Times in milliseconds.

    ``watermark`` is that of the visitor's partition: what is not final by it is left to the worker. ``first_day`` is
    the start of the oldest day that ``events`` still holds: sessions that begin before it stay, and give the counts.
    ``adopts`` says whether late events may join sessions.
    """

    watermark: int
    generation: int
    first_day: int
    adopts: bool


class Stored(msgspec.Struct, frozen=True):
    """Of one visitor: rows under FINAL, ``events`` in (time, id) order with the late ones; the highest version of any.

    Of an event without visitor: the copies of one event id.
    """

    events: Iterable[Event]
    sessions: Sequence[SessionRow]
    version: int


class SessionChange(msgspec.Struct, frozen=True):
    """A session row before and after: added without a before, removed without an after."""

    before: SessionRow | None
    after: SessionRow | None


class Rebuilt(msgspec.Struct, frozen=True):
    """What must be written so that the tables hold the fold of all that is kept. Empty where they do already."""

    version: int
    sessions: list[SessionChange]
    adopted: list[Event]
    """Late until now, ``is_late`` and ``version`` set."""
    tombstones: list[Event]
    """Copies that are duplicates after all."""
    losers: list[Outcome]
    """Outcomes of the copies among them that were accepted; ``events`` and ``size`` are not known here."""
    waiting: int
    """Late events that may not be adopted yet."""
    counts: Counts

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.sessions or self.adopted or self.tombstones)

    def session_rows(self) -> list[SessionRow]:
        """The rows to write, tombstones of removed ones among them."""
        return [
            change.after or _gone(change.before, self.version)
            for change in self.sessions
            if change.after or change.before
        ]


def rebuild(key: bytes, options: SessionOptions, stored: Stored, bounds: Bounds) -> Rebuilt:
    """The difference between ``stored`` and the fold of its events. ``key``: of the visitor, or of the lone event.

    Sets ``is_late`` and ``version`` of the events it adopts. A second one over the result is empty.
    """
    work = _Rebuild(key, options, stored, bounds)
    work.fold_again()
    return work.result()


class _Rebuild:
    """One visitor under way: accepted copies first, then the late ones, then the sessions."""

    def __init__(self, key: bytes, options: SessionOptions, stored: Stored, bounds: Bounds) -> None:
        self._options, self._stored, self._bounds = options, stored, bounds
        self._version = max(stored.version, bounds.generation << 48) + 1
        older = [row for row in stored.sessions if row.start_tstamp < bounds.first_day]
        self._last_older = max(older, key=lambda row: row.start_tstamp, default=None)
        last = self._last_older
        state = VisitorState() if last is None else VisitorState(last.session_index, last.end_tstamp)
        self._visitor = Visitor(key, options, key_parts(key)[1], state)
        self._horizon = horizon_of(bounds.watermark, options)
        settled = self._horizon - max(options.gap_ms, options.dedup_window_ms)
        self._settled = INFINITY if self._horizon == INFINITY else settled
        self._open_from = INFINITY
        self._adopted: list[Event] = []
        self._losers: list[Hit] = []
        self._gone: list[tuple[bytes, int]] = []
        self._waiting = 0
        self._changes: list[SessionChange] = []
        self._counts = self._older_counts()

    # copies

    def fold_again(self) -> None:
        """All steps."""
        begin = -INFINITY if self._last_older is None else self._last_older.end_tstamp
        hits: list[Hit] = []
        late: list[Event] = []
        for event in self._stored.events:
            if event.derived_tstamp <= begin:
                self._waiting += event.is_late
            elif event.is_late:
                late.append(event)
            else:
                hits.append(self._visitor.hit(event))
        self._open_from = self._first_open(hits)
        self._take_accepted(hits)
        self._take_late(late, begin)
        self._compare()

    def _first_open(self, hits: list[Hit]) -> int:
        """Start of the first run of events, parted by no gap, that more may still come to: none after it is final.

        Adopting within a run can move every cut of it, so runs, not sessions, are what must be final.
        """
        if self._visitor.is_lone:
            return self._settled
        gap, settled = self._options.gap_ms, self._settled
        start = end = -INFINITY
        for hit in hits:
            if hit.time - end > gap:
                if end >= settled:
                    return start
                start = hit.time
            end = hit.time
        return start if hits and end >= settled else INFINITY

    def _take_accepted(self, hits: list[Hit]) -> None:
        """Duplicates among them are copies that several runs or generations accepted each for itself."""
        visitor = self._visitor
        for hit in hits:
            if hit.time < self._open_from:
                if not self._admit(hit):
                    self._losers.append(hit)
            else:  # the worker's business still
                known = visitor.copies.times.get(hit.id, ())
                visitor.copies.times[hit.id] = (*as_times(known), hit.time)
                visitor.open.insert(hit)

    def _admit(self, hit: Hit) -> bool:
        decision = admit(self._visitor, hit)
        self._losers.extend(decision.losers)
        self._gone.extend([(hit.id, time) for time in decision.tombstones])
        return decision.is_kept

    def _take_late(self, late: list[Event], begin: int) -> None:
        limit = self._settled
        if not self._visitor.is_lone and self._open_from != INFINITY:
            limit = min(limit, self._open_from - self._options.gap_ms)
        first = begin + self._options.gap_ms
        for event in sorted(late, key=_copy_order):
            if not self._bounds.adopts or not first < event.derived_tstamp < limit or self._touches_open(event):
                self._waiting += 1
            elif self._admit(self._visitor.hit(event)):
                event.is_late = 0
                event.version = self._version
                self._adopted.append(event)

    def _touches_open(self, event: Event) -> bool:
        """Whether adopting it would make a duplicate of a copy that is not final."""
        times = as_times(self._visitor.copies.times.get(event.event_id, ()))
        until = event.derived_tstamp + self._options.dedup_window_ms
        return any(self._open_from <= time <= until for time in times)

    # sessions

    def _compare(self) -> None:
        visitor = self._visitor
        final = visitor.close(self._bounds.watermark)
        if visitor.open.sealed is not None:
            opened = visitor.open.sealed.start
        else:
            opened = visitor.open.hits[0].time if visitor.open.hits else INFINITY
        rows = [session_row(visitor, closed.session, closed.nth, self._version, is_final=1) for closed in final]
        known = {
            row.session_id: row for row in self._stored.sessions if self._bounds.first_day <= row.start_tstamp < opened
        }
        self._changes = _changes(known, rows)
        if final:
            last, index = final[-1].session, final[-1].nth
            self._counts = Counts(self._horizon, index, last.end, final[-1].until)

    def _older_counts(self) -> Counts:
        last, options = self._last_older, self._options
        if last is None:
            return Counts(self._horizon, 0, None, None)
        following = [row.start_tstamp for row in self._stored.sessions if row.start_tstamp > last.start_tstamp]
        due = min(last.end_tstamp + options.gap_ms, options.limit(last.start_tstamp), *following)
        return Counts(self._horizon, last.session_index, last.end_tstamp, due)

    def result(self) -> Rebuilt:
        """What came out."""
        visitor, version = self._visitor, self._version
        return Rebuilt(
            version,
            self._changes,
            self._adopted,
            [tombstone(visitor, event_id, time, version) for event_id, time in self._gone],
            [loser_outcome(visitor, hit, version) for hit in self._losers],
            self._waiting,
            self._counts,
        )


def _copy_order(event: Event) -> tuple[int, int, str, int, int, int]:
    """Rule 7."""
    raw = event.raw_topic, event.raw_partition, event.raw_offset, event.raw_index
    return event.derived_tstamp, event.event_fingerprint, *raw


def _changes(known: dict[bytes, SessionRow], rows: list[SessionRow]) -> list[SessionChange]:
    """In order of start; rows equal but for their version are none."""
    changes = []
    for row in rows:
        before = known.pop(row.session_id, None)
        if before is None or msgspec.structs.replace(before, version=row.version) != row:
            changes.append(SessionChange(before, row))
    changes += [SessionChange(before, None) for before in known.values()]
    return sorted(changes, key=_start)


def _start(change: SessionChange) -> int:
    row = change.after or change.before
    assert row is not None
    return row.start_tstamp


def _gone(row: SessionRow | None, version: int) -> SessionRow:
    """Deletes the row of this key from table ``sessions``."""
    assert row is not None
    return SessionRow(
        session_id=row.session_id,
        app_id=row.app_id,
        visitor_id=row.visitor_id,
        start_tstamp=row.start_tstamp,
        end_tstamp=row.end_tstamp,
        version=version,
        is_deleted=1,
    )
