"""One walk over records in order: each record's effects depend on the records before it, never on the batch."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.outcome import Reason, Verdict
from streams.records import NO_ID, Event, Marker, Outcome, Progress, Record
from streams.sessionize import bounds
from streams.sessionize.counts import REBUILD, read_control
from streams.sessionize.dedup import FIRST, Decision, admit
from streams.sessionize.due import NEVER, DueIndex
from streams.sessionize.effects import Effects
from streams.sessionize.identity import late_version, row_version
from streams.sessionize.live import write_open
from streams.sessionize.options import OptionsOf, SessionOptions
from streams.sessionize.rows import event_outcome, loser_outcome, session_row, tombstone, visitor_row
from streams.sessionize.state import (
    PartitionState,
    VisitorState,
    applied_of,
    decode_visitor,
    due_of,
    encode_husk,
    encode_own,
    is_husk,
    key_parts,
    lone_key,
    refresh_of,
    visitor_key,
)
from streams.sessionize.visitor import FORGET_AFTER_MS, Closed, Visitor, horizon_of
from streams.sessionize.watermark import BEFORE_ALL, Watermark


class Place(NamedTuple):
    """Which enriched partition is folded, and how far behind Kafka's clock an arrival time may be."""

    generation: int
    partition: int
    disorder_ms: int


class Walk:
    """Folds records onto a private copy of the partition's state (``own``); ``table`` is only read."""

    def __init__(
        self,
        options: OptionsOf,
        place: Place,
        own: PartitionState,
        table: Mapping[bytes, bytes],
        due: DueIndex,
        refresh: DueIndex,
    ) -> None:
        self._options = options
        self._app_options: dict[str, SessionOptions] = {}
        self._place = place
        self._own = own
        self._began_at = own.applied
        self._table = table
        self._due = due
        self._refresh = refresh
        self._time = Watermark(place.disorder_ms, own.watermark, own.topics, own.clock)
        self._visitors: dict[bytes, Visitor] = {}
        self._effects = Effects(
            Progress(generation=place.generation, partition=place.partition, applied=-1, watermark=-1), (0, -1)
        )

    def run(self, records: Iterable[tuple[int, Record]]) -> Effects:
        """Take all records; those the state has applied already are skipped."""
        applied = self._own.applied
        first = last = -1
        for offset, record in records:
            if first < 0:
                first = offset
            last = offset
            if offset <= applied:
                continue
            if self._take(offset, record) and self._due.first < self._time.value:
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
        key, app_id, counts = read_control(body)
        options = self._app_options.get(app_id) or self._read_options(app_id)
        visitor = self._visitors.get(key) or self._open(key, app_id, options)
        if offset <= visitor.applied or not visitor.take_counts(counts):
            return
        visitor.last = offset
        if counts.last_end is None:
            return
        due = counts.last_end + FORGET_AFTER_MS + options.lateness_ms
        if due < visitor.due:  # a lower bound, as for an event
            visitor.due = due
            self._due.push(due, key)

    def _is_redelivered(self, record: Event | Outcome) -> bool:
        """Whether the raw partition's high-water mark has passed the record; moves the mark otherwise (§2.1)."""
        place = record.read_from
        if place is None:
            topic, partition, at = record.raw_topic, record.raw_partition, (record.raw_offset, record.raw_index)
        else:
            topic, partition, at = place[0], place[1], (place[2], place[3])
        marks = self._own.marks.get(topic)
        if marks is None:
            marks = self._own.marks[topic] = {}
        mark = marks.get(partition)
        if mark is not None and at <= mark:
            return True
        marks[partition] = at
        return False

    def _take_outcome(self, offset: int, outcome: Outcome) -> None:
        if not self._is_redelivered(outcome):
            outcome.version = row_version(self._place.generation, offset)
            self._effects.outcomes.append(outcome)

    def _take_event(self, offset: int, event: Event) -> bool:
        if self._is_redelivered(event):
            return False
        options = self._app_options.get(event.app_id) or self._read_options(event.app_id)
        if event.arrival_tstamp - event.derived_tstamp > options.lateness_ms:
            self._keep_late(offset, event, Reason.LATENESS)
        elif event.derived_tstamp < horizon_of(self._time.value, options):
            self._effects.alarms["closed"] += 1
            self._keep_late(offset, event, Reason.CLOSED)
        else:
            self._accept(offset, event, options)
        place = event.read_from
        if place is None:
            return self._time.hear(event.raw_topic, event.raw_partition, event.arrival_tstamp)
        return self._time.hear(place[0], place[1], event.arrival_tstamp)

    def _read_options(self, app_id: str) -> SessionOptions:
        options = self._app_options[app_id] = self._options(app_id)
        return options

    def _keep_late(self, offset: int, event: Event, reason: Reason) -> None:
        event.is_late = 1
        event.version = late_version(event)
        self._effects.events.append(event)
        self._effects.outcomes.append(
            event_outcome(event, Verdict.LATE, reason, row_version(self._place.generation, offset)),
        )

    def _accept(self, offset: int, event: Event, options: SessionOptions) -> None:
        """An event on time: kept or a duplicate."""
        app_id = event.app_id
        visitor_id = event.visitor_id
        key = lone_key(app_id, event.event_id) if visitor_id == NO_ID else visitor_key(app_id, visitor_id)
        visitor = self._visitors.get(key) or self._open(key, app_id, options)
        if offset <= visitor.applied:
            return  # a torn changelog: this key's rows and state are ahead of the partition's
        visitor.is_changed = True
        visitor.last = offset
        decision = admit(visitor, visitor.hit(event))
        version = row_version(self._place.generation, offset)
        effects = self._effects
        if decision.is_kept or decision.losers:
            visitor.is_stale = True
        if decision.is_kept:
            event.version = version
            effects.events.append(event)
            effects.outcomes.append(event_outcome(event, Verdict.ACCEPTED, Reason.NONE, version))
        else:
            effects.outcomes.append(event_outcome(event, Verdict.DUPLICATE, Reason.COPY, version))
        due = event.derived_tstamp + visitor.soonest
        if decision is not FIRST:
            due = min([due, *[time + options.lateness_ms for time in decision.tombstones]])
            self._write_losers(visitor, event, decision, version)
        if len(visitor.hits) > options.max_open or len(visitor.copies.times) > visitor.max_ids:
            self._write_final(
                visitor, bounds.hold(visitor, horizon_of(self._time.value, options), effects.alarms), version
            )
        # a lower bound of the new due time; close() and settle() find the exact one
        if due < visitor.due:
            visitor.due = due
            self._due.push(due, key)

    def _write_losers(self, visitor: Visitor, event: Event, decision: Decision, version: int) -> None:
        effects = self._effects
        effects.outcomes.extend([loser_outcome(visitor.app_id, hit, version) for hit in decision.losers])
        effects.events.extend([tombstone(visitor, event.event_id, time, version) for time in decision.tombstones])

    def _open(self, key: bytes, app_id: str, options: SessionOptions) -> Visitor:
        """The visitor, decoded once per batch."""
        value = self._table.get(key)
        if value is None:
            visitor = Visitor(key, options, app_id, VisitorState())
        else:
            state = decode_visitor(value)
            visitor = Visitor(key, options, app_id, state, applied_of(value), due_of(value), refresh_of(value))
        self._visitors[key] = visitor
        return visitor

    def _close_due(self, offset: int) -> None:
        """Close what the risen watermark makes final: the rows carry this record's offset (rule 6)."""
        watermark = self._time.value
        due = self._due
        while due.first < watermark:
            key = due.pop()
            at = self._due_now(key)
            if at is None:
                continue
            if at < watermark:
                self._close(key, watermark, offset)
            else:
                due.push(at, key)

    def _due_now(self, key: bytes) -> int | None:
        """When the key is due by its newest state; None when it has none."""
        visitor = self._visitors.get(key)
        if visitor is not None:
            return None if visitor.is_gone else visitor.due
        value = self._table.get(key)
        return None if value is None else due_of(value)

    def _close(self, key: bytes, watermark: int, offset: int) -> None:
        visitor = self._visitor(key)
        self._write_final(visitor, visitor.close(watermark), row_version(self._place.generation, offset))
        if not visitor.is_gone:
            self._due.push(visitor.due, key)

    def _visitor(self, key: bytes) -> Visitor:
        visitor = self._visitors.get(key)
        if visitor is None:
            app_id = key_parts(key)[1]
            visitor = self._open(key, app_id, self._app_options.get(app_id) or self._read_options(app_id))
        return visitor

    def _write_final(self, visitor: Visitor, closed: list[Closed], version: int) -> None:
        if not closed:
            return
        effects = self._effects
        effects.sessions.extend([session_row(visitor, c.session, c.nth, version, is_final=1) for c in closed])
        effects.visitors.append(visitor_row(visitor, closed[-1], version))
        capped = sum(c.session.is_capped for c in closed)
        if capped:
            effects.alarms["capped_sessions"] += capped

    def _open_stale(self) -> None:
        """Take in the visitors whose written rows have become too old without a record of theirs in this batch."""
        clock, refresh = self._time.clock, self._refresh
        ahead = []
        while refresh.first <= clock:
            key = refresh.pop()
            visitor = self._visitors.get(key)
            if visitor is None:
                value = self._table.get(key)
                at = NEVER if value is None else refresh_of(value)
                if at <= clock:
                    self._visitor(key)
                elif at != NEVER:
                    ahead.append((at, key))
            elif visitor.refresh != NEVER and (visitor.refresh > clock or self._own.applied <= visitor.applied):
                ahead.append((visitor.refresh, key))  # the entry came too early, or the changelog was torn
        for at, key in ahead:
            refresh.push(at, key)

    def _finish(self) -> Effects:
        """Write rows of open sessions, encode every touched visitor and the partition's own record."""
        own, effects = self._own, self._effects
        own.watermark = watermark = self._time.value
        own.clock = self._time.clock
        applied = own.applied
        self._open_stale()
        for key, visitor in self._visitors.items():
            if applied <= visitor.applied:
                continue
            if visitor.is_changed:
                visitor.settle(horizon_of(watermark, visitor.options))
            self._write_open(key, visitor)
            if not visitor.is_gone:
                effects.changes[key] = visitor.encode(applied)
            elif key in self._table:
                effects.changes[key] = self._let_go(key, visitor)
        effects.own = encode_own(own)
        effects.progress = Progress(
            generation=self._place.generation,
            partition=self._place.partition,
            applied=applied,
            watermark=-1 if watermark == BEFORE_ALL else watermark,
        )
        return effects

    def _write_open(self, key: bytes, visitor: Visitor) -> None:
        before = visitor.refresh
        version = row_version(self._place.generation, visitor.last)
        self._effects.sessions.extend(write_open(visitor, self._time.clock, version))
        if visitor.refresh not in (NEVER, before):
            self._refresh.push(visitor.refresh, key)

    def _let_go(self, key: bytes, visitor: Visitor) -> bytes | None:
        """First a husk, then, once the partition's own record has passed it, nothing."""
        if is_husk(self._table[key]) and visitor.applied <= self._began_at:
            return None
        self._due.push(BEFORE_ALL, key)
        return encode_husk(self._own.applied)
