"""Rebuilds beside a live worker: at any point of any log, with crashes, late control records, and dying half-way.

The tables are those of the oracle: the fold over everything that was ever adopted or accepted. ``THALWEG_CASES``
sets how many random worlds (default 1000).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings

from streams.records import INFINITY, Control, Event, SessionRow
from streams.sessionize.counts import REBUILD, Counts, control_body
from streams.sessionize.options import SessionOptions
from streams.sessionize.rebuild import rebuild
from streams.sessionize.rebuilt import Bounds, Rebuilt, Stored
from streams.sessionize.state import is_lone, lone_key, visitor_key

from .oracle import _numbered, _split, place, truth
from .test_sessions import CASES, Partition, cases
from .warehouse import Row, Tables
from .worlds import DAY, World, enriched_log, options_of, worlds

EVENT, SESSION = set(Event.__struct_fields__), set(SessionRow.__struct_fields__)


@dataclass
class Rebuild:
    """One rebuild of the visitors of a partition: read at once, written in three steps."""

    tables: Tables
    results: list[tuple[bytes, Rebuilt]]

    def controls(self) -> list[Control]:
        """Sent before the rows."""
        return [
            Control(kind=REBUILD, body=control_body(key, result.counts))
            for key, result in self.results
            if result.sessions and not is_lone(key)
        ]

    def write(self, steps: int = 3) -> None:
        """Sessions, outcomes, events; fewer where it dies."""
        for _, result in self.results:
            if steps > 0:
                self._insert("sessions", result.session_rows())
            if steps > 1:
                known = self.tables.final("outcomes")
                losers = [o for o in result.losers if known[place(o)]["outcome"] == "accepted"]
                self._insert("outcomes", losers)
            if steps > 2:
                self._insert("events", [*result.adopted, *result.tombstones])

    def _insert(self, name: str, rows: list[Any]) -> None:
        for row in rows:
            self.tables._put(name, {c: v for c, v in msgspec.structs.asdict(row).items() if c != "read_from"})


def read(tables: Tables, options: SessionOptions, watermark: int, keys: set[bytes] | None = None) -> Rebuild:
    """What a rebuild of all visitors (or those of ``keys``) makes of the tables as they are."""
    bounds = Bounds(watermark, 1, 0, True)
    visitors = {key: stored for key, stored in stored_of(tables) if keys is None or key in keys}
    results = [(key, rebuild(key, options, stored, bounds)) for key, stored in visitors.items()]
    return Rebuild(tables, [(key, result) for key, result in results if not result.is_empty])


def stored_of(tables: Tables) -> Iterator[tuple[bytes, Stored]]:
    """The rows of each visitor, and of each event id without one."""
    events: dict[bytes, list[Event]] = defaultdict(list)
    sessions: dict[bytes, list[SessionRow]] = defaultdict(list)
    versions: dict[bytes, int] = defaultdict(int)
    for row in tables.rows["events"].values():
        key = _key(row)
        versions[key] = max(versions[key], row["version"])
        if not row["is_deleted"]:
            events[key].append(Event(**{c: v for c, v in row.items() if c in EVENT}))
    for row in tables.rows["sessions"].values():
        key = _key(row)
        versions[key] = max(versions[key], row["version"])
        if not row["is_deleted"]:
            sessions[key].append(SessionRow(**{c: v for c, v in row.items() if c in SESSION}))
    for key, version in versions.items():
        ordered = sorted(events[key], key=lambda e: (e.derived_tstamp, e.event_id))
        yield key, Stored(ordered, sessions[key], version)


def _key(row: Row) -> bytes:
    if row["visitor_id"] == bytes(16):
        return lone_key(row["app_id"], row["event_id"])
    return visitor_key(row["app_id"], row["visitor_id"])


class Beside(Partition):
    """A worker beside which rebuilds run: their control records come into its log somewhat later."""

    def start(self, dice: Random, options: SessionOptions) -> None:
        """Up to three rebuilds."""
        self.rebuilds = dice.randint(1, 3)
        self.options = options
        self.seen = 0
        """How long the log was as far as any worker has read: records come only after that."""

    def _batch(self, start: int, end: int, dice: Random, crash_rate: float) -> bool:
        self.seen = max(self.seen, end)
        done = super()._batch(start, end, dice, crash_rate)
        if done and self.rebuilds and dice.random() < 0.4:
            self.rebuild_beside(end, dice)
        return done

    def rebuild_beside(self, end: int, dice: Random) -> None:
        """One that may die, whose control records may come late."""
        del end
        self.rebuilds -= 1
        found = self.read()
        for control in found.controls():
            self.log.insert(dice.randint(self.seen, min(self.seen + 3, len(self.log))), control)
        found.write(dice.choice([0, 1, 2, 3, 3, 3]))

    def read(self) -> Rebuild:
        """A rebuild of this partition's visitors: each partition has its own watermark."""
        mine = {_key(msgspec.structs.asdict(record)) for record in self.log if isinstance(record, Event)}
        return read(self.tables, self.options, self.fold.watermark, mine)


def live(world: World, *, crash_rate: float) -> Tables:
    """All partitions, each with its worker and the rebuilds beside it."""
    tables = Tables()
    for number in range(world.enriched):
        partition = Beside(world, number, enriched_log(world, number), tables)
        partition.start(world.dice, options_of(world.rules))
        partition.run(world.dice, crash_rate)
    return tables


def folded_events(world: World, tables: Tables) -> list[dict[str, Any]]:
    """The sessions of ``events`` where not late, by the oracle's own fold."""
    visitors: dict[tuple[str, bytes], list[Event]] = defaultdict(list)
    for row in tables.final("events").values():
        if not row["is_late"] and row["visitor_id"] != bytes(16):
            visitors[row["app_id"], row["visitor_id"]].append(Event(**{c: v for c, v in row.items() if c in EVENT}))
    rows = []
    for events in visitors.values():
        parts = _split(sorted(events, key=lambda e: (e.derived_tstamp, e.event_id)), world.rules)
        rows += _numbered(parts, world.rules)
    wanted = [{column: value for column, value in row.items() if column != "first_id"} for row in rows]
    return sorted(wanted, key=lambda r: (r["app_id"], r["visitor_id"], r["start_tstamp"]))


def found_sessions(tables: Tables, columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of ``sessions``, in the columns of the wanted ones."""
    names = set(columns[0]) if columns else set()
    rows = sorted(tables.final("sessions").values(), key=lambda r: (r["app_id"], r["visitor_id"], r["start_tstamp"]))
    return [{c: row[c] for c in names} for row in rows]


@settings(cases, max_examples=max(100, CASES // 3))
@given(worlds())
def test_rebuilds_beside_live_workers_end_in_the_truth(world: World) -> None:
    """After one more rebuild at the end nothing is late, and sessions are those of all events, index included."""
    tables = live(world, crash_rate=0.2)

    read(tables, options_of(world.rules), INFINITY).write()

    assert not [row for row in tables.final("events").values() if row["is_late"]]
    wanted = folded_events(world, tables)
    assert found_sessions(tables, wanted) == wanted
    assert read(tables, options_of(world.rules), INFINITY).results == []
    expected = truth(world.rules, [record for records in world.raw for _, record in records])
    assert set(expected.outcomes) == set(tables.final("outcomes"))
    for at, row in tables.final("outcomes").items():
        if row["outcome"] != expected.outcomes[at][0]:  # beaten by an adopted late copy
            assert (expected.outcomes[at][0], row["outcome"], row["reason"]) == ("accepted", "duplicate", "copy")


class Whole(Beside):
    """Rebuilds that do not die, while the worker has read no more than it has stored."""

    def rebuild_beside(self, end: int, dice: Random) -> None:
        """The control records come next."""
        if self.seen == end:
            self.rebuilds -= 1
            found = self.read()
            self.log[end:end] = found.controls()
            found.write()
            assert self.read().results == []


@settings(cases, max_examples=max(100, CASES // 3))
@given(worlds())
def test_a_rebuild_that_no_record_overtakes_keeps_every_number_right(world: World) -> None:
    """Where the control record comes before the next event or marker, live sessions need no second rebuild."""
    tables = Tables()
    for number in range(world.enriched):
        partition = Whole(world, number, enriched_log(world, number), tables)
        partition.start(world.dice, options_of(world.rules))
        partition.run(world.dice, 0.2)

    wanted = folded_events(world, tables)
    assert found_sessions(tables, wanted) == wanted


@settings(cases, max_examples=max(100, CASES // 5))
@given(worlds())
def test_control_records_give_the_same_rows_in_every_cut(world: World) -> None:
    """A batch may hold a control record anywhere: in one, in batches of one, and through crashes the same rows."""
    log, dice, scale = enriched_log(world, 0), world.dice, world.rules.scale
    keys = {_key(msgspec.structs.asdict(record)) for record in log if isinstance(record, Event)}
    visitors = sorted(key for key in keys if not is_lone(key))
    for _ in range(dice.randint(0, 6) if visitors else 0):
        end = 1_000 * DAY + dice.randint(-50, 200) * scale
        deadline = end + dice.randint(0, 8) * scale
        counts = Counts(deadline + dice.randint(1, 9), dice.randint(0, 9), end, deadline)
        control = Control(kind=REBUILD, body=control_body(dice.choice(visitors), counts))
        log.insert(dice.randint(0, len(log)), control)
    whole, single = Partition(world, 0, log, Tables()), Partition(world, 0, log, Tables())

    assert whole._batch(0, len(log), Random(1), 0.0)
    for at in range(len(log)):
        assert single._batch(at, at + 1, Random(1), 0.0)

    assert seen(single) == seen(whole)
    crashing = Partition(world, 0, log, Tables())
    crashing.run(dice, 0.5)
    assert seen(crashing) == seen(whole)


def seen(partition: Partition) -> dict[str, dict[tuple[Any, ...], Row]]:
    """What readers see of each table, versions too."""
    return {name: partition.tables.final(name) for name in partition.tables.rows}
