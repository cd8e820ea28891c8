"""One visitor folded anew from what the warehouse holds of it, late events adopted (design.md §6 rule 10)."""

import msgspec

from streams.records import INFINITY, Event, SessionRow, VisitorRow
from streams.sessionize.copies import as_times
from streams.sessionize.counts import Counts
from streams.sessionize.dedup import admit
from streams.sessionize.history import Closed
from streams.sessionize.hit import Hit
from streams.sessionize.older import Older, older_of
from streams.sessionize.options import SessionOptions
from streams.sessionize.rebuilt import Bounds, Rebuilt, SessionChange, Stored
from streams.sessionize.rows import loser_outcome, session_row, tombstone, visitor_row
from streams.sessionize.state import key_parts
from streams.sessionize.visitor import Visitor, horizon_of


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
        self._older: Older = older_of(stored, bounds.first_day, options)
        self._visitor = Visitor(key, options, key_parts(key)[1], self._older.state())
        self._horizon = horizon_of(bounds.watermark, options)
        settled = self._horizon - max(options.gap_ms, options.dedup_window_ms)
        self._settled = INFINITY if self._horizon == INFINITY else settled
        self._open_from = INFINITY
        self._adopted: list[Event] = []
        self._losers: list[Hit] = []
        self._gone: list[tuple[bytes, int]] = []
        self._waiting = 0
        self._changes: list[SessionChange] = []
        self._counts = self._older.counts(self._horizon)
        self._row: VisitorRow | None = None

    # copies

    def fold_again(self) -> None:
        """All steps."""
        begin = self._older.end
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
        self._count(final[-1] if final else None, opened)

    def _count(self, last: Closed | None, opened: int) -> None:
        """What the closed sessions say of the visitor. A worker that has closed one that is open here knows better."""
        visitor, before = self._visitor, self._stored.visitor
        if last is not None:
            end, first_seen, user_id = last.session.end, last.first_seen, last.user_id
            self._counts = Counts(self._horizon, last.nth, end, last.deadline, first_seen, user_id)
            row = visitor_row(visitor, last, self._version)
        elif before is None or self._older.closed:
            return
        else:  # what it counted belongs to a rebuild that died
            row = VisitorRow(
                app_id=before.app_id,
                visitor_id=before.visitor_id,
                first_seen_tstamp=0,
                last_seen_tstamp=0,
                version=self._version,
            )
        if before is None or before.last_seen_tstamp < opened:
            is_known = before is not None and msgspec.structs.replace(before, version=self._version) == row
            self._row = None if is_known else row

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
            self._row,
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
