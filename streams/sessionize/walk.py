"""One walk over records in order: each record's effects depend on the records before it, never on the batch."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.outcome import Reason
from streams.records import Event, Marker, Outcome, Progress, Record
from streams.sessionize import bounds
from streams.sessionize.counts import REBUILD, read_control
from streams.sessionize.decided import keep_late, keep_or_drop, write_final, write_losers
from streams.sessionize.dedup import FIRST, admit
from streams.sessionize.due import NEVER
from streams.sessionize.effects import Effects
from streams.sessionize.history import FORGET_AFTER_MS
from streams.sessionize.identity import row_version
from streams.sessionize.live import write_open
from streams.sessionize.marks import is_redelivered
from streams.sessionize.options import SessionOptions
from streams.sessionize.state import PartitionState, encode_own
from streams.sessionize.touched import Touched
from streams.sessionize.visitor import Visitor, horizon_of
from streams.sessionize.watermark import BEFORE_ALL, Watermark


class Place(NamedTuple):
    """Which enriched partition is folded, and how far behind Kafka's clock an arrival time may be."""

    generation: int
    partition: int
    disorder_ms: int


class Walk:
    """Folds records onto a private copy of the partition's state: ``own``, and the visitors touched."""

    def __init__(self, place: Place, own: PartitionState, touched: Touched) -> None:
        self._place = place
        self._own = own
        self._touched = touched
        self._time = Watermark(place.disorder_ms, own.watermark, own.topics, own.clock)
        self._effects = Effects(
            Progress(generation=place.generation, partition=place.partition, applied=-1, watermark=-1), (0, -1)
        )

    def run(self, records: Iterable[tuple[int, Record]]) -> Effects:
        """Take all records; those the state has applied already are skipped."""
        applied, due = self._own.applied, self._touched.due
        first = last = -1
        for offset, record in records:
            if first < 0:
                first = offset
            last = offset
            if offset <= applied:
                continue
            if self._take(offset, record) and due.first < self._time.value:
                self._close_due(offset)
        self._effects.span = (first, last)
        self._own.applied = max(applied, last)
        return self._finish()

    def _take(self, offset: int, record: Record) -> bool:
        """One record; True when the watermark rose."""
        if isinstance(record, Event):
            return self._take_event(offset, record)
        if isinstance(record, Marker):
            return self._time.hear_marker(record)
        if isinstance(record, Outcome):
            self._take_outcome(offset, record)
        elif record.kind == "rules":
            self._effects.rules[record.body["hash"]] = record.body["text"]
        elif record.kind == REBUILD:
            self._take_counts(offset, record.body)
        return False

    def _take_counts(self, offset: int, body: Mapping[str, str]) -> None:
        """A rebuild numbered the visitor's closed sessions anew (rule 10)."""
        key, _, counts = read_control(body)
        visitor = self._touched.of_key(key)
        if offset <= visitor.applied or not visitor.take_counts(counts):
            return
        visitor.last = offset
        if counts.last_end is not None:
            self._touched.look_at(visitor, counts.last_end + FORGET_AFTER_MS + visitor.options.lateness_ms)

    def _take_outcome(self, offset: int, outcome: Outcome) -> None:
        if not self._is_redelivered(outcome):
            outcome.version = row_version(self._place.generation, offset)
            self._effects.outcomes.append(outcome)

    def _is_redelivered(self, record: Event | Outcome) -> bool:
        if not is_redelivered(self._own.marks, record):
            return False
        self._effects.redelivered += 1
        return True

    def _take_event(self, offset: int, event: Event) -> bool:
        if self._is_redelivered(event):
            return False
        options = self._touched.options(event.app_id)
        version = row_version(self._place.generation, offset)
        if event.arrival_tstamp - event.derived_tstamp > options.lateness_ms:
            keep_late(self._effects, event, Reason.LATENESS, version)
        elif event.derived_tstamp < horizon_of(self._time.value, options):
            self._effects.alarms["closed"] += 1
            keep_late(self._effects, event, Reason.CLOSED, version)
        else:
            self._accept(offset, event, options, version)
        place = event.read_from
        if place is None:
            return self._time.hear(event.raw_topic, event.raw_partition, event.arrival_tstamp)
        return self._time.hear(place[0], place[1], event.arrival_tstamp)

    def _accept(self, offset: int, event: Event, options: SessionOptions, version: int) -> None:
        """An event on time: kept or a duplicate."""
        visitor = self._touched.of_event(event, options)
        if offset <= visitor.applied:
            return  # a torn changelog: this key's rows and state are ahead of the partition's
        visitor.is_changed = True
        visitor.last = offset
        decision = admit(visitor, visitor.hit(event))
        if decision.is_kept or decision.losers:
            visitor.rows.is_stale = True
        keep_or_drop(self._effects, event, decision, version)
        due = event.derived_tstamp + visitor.soonest
        if decision is not FIRST:
            due = min([due, *[time + options.lateness_ms for time in decision.tombstones]])
            write_losers(self._effects, visitor, event.event_id, decision, version)
        if visitor.open.count > options.max_open or visitor.copies.most > visitor.max_ids:
            horizon = horizon_of(self._time.value, options)
            write_final(self._effects, visitor, bounds.hold(visitor, horizon, self._effects.alarms), version)
        self._touched.look_at(visitor, due)

    def _close_due(self, offset: int) -> None:
        """Close what the risen watermark makes final: the rows carry this record's offset (rule 6)."""
        watermark, version = self._time.value, row_version(self._place.generation, offset)
        for visitor in self._touched.pop_due(watermark):
            write_final(self._effects, visitor, visitor.close(watermark), version)
            if not visitor.is_gone:
                self._touched.due.push(visitor.due, visitor.key)

    def _finish(self) -> Effects:
        """Write rows of open sessions, encode every touched visitor and the partition's own record."""
        own, effects = self._own, self._effects
        own.watermark = watermark = self._time.value
        own.clock = self._time.clock
        self._touched.open_stale(own.clock, own.applied)
        for visitor in self._touched.behind(own.applied):
            if visitor.is_changed:
                visitor.settle(horizon_of(watermark, visitor.options))
            self._write_open(visitor)
            self._touched.change(visitor, own.applied, effects.changes)
        effects.own = encode_own(own)
        effects.progress = Progress(
            generation=self._place.generation,
            partition=self._place.partition,
            applied=own.applied,
            watermark=-1 if watermark == BEFORE_ALL else watermark,
        )
        return effects

    def _write_open(self, visitor: Visitor) -> None:
        before = visitor.rows.refresh
        version = row_version(self._place.generation, visitor.last)
        self._effects.sessions.extend(write_open(visitor, self._time.clock, version))
        if visitor.rows.refresh not in (NEVER, before):
            self._touched.refresh.push(visitor.rows.refresh, visitor.key)
