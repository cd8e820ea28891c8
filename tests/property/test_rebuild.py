"""Rebuilds beside a live worker: at any point of any log, with crashes, late control records, and dying half-way.

The tables are those of the oracle: the fold over everything that was ever adopted or accepted. ``THALWEG_CASES``
sets how many random worlds (default 1000).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings

from streams.records import INFINITY, Control, Event, Marker, Outcome, Record, SessionRow, VisitorRow
from streams.sessionize.counts import REBUILD, Counts, control_body
from streams.sessionize.effects import Effects
from streams.sessionize.options import SessionOptions
from streams.sessionize.partition import PartitionFold
from streams.sessionize.rebuild import rebuild
from streams.sessionize.rebuilt import Bounds, Rebuilt, Stored
from streams.sessionize.state import is_lone, lone_key, visitor_key
from streams.sessionize.watermark import BEFORE_ALL

from .oracle import _numbered, _split, _visitor, place, truth
from .test_sessions import CASES, Partition, cases
from .warehouse import Row, Tables
from .worlds import DAY, World, enriched_log, options_of, worlds

EVENT, SESSION = set(Event.__struct_fields__), set(SessionRow.__struct_fields__)


@dataclass
class Rebuild:
    """One rebuild of the visitors of a partition: read at once, written table by table."""

    tables: Tables
    results: list[tuple[bytes, Rebuilt]]
    step: int = 0

    def controls(self) -> list[Control]:
        """Sent before the rows."""
        return [
            Control(kind=REBUILD, body=control_body(key, result.counts))
            for key, result in self.results
            if result.is_told and not is_lone(key)
        ]

    @property
    def is_done(self) -> bool:
        """Whether all tables are written."""
        return self.step == len(STEPS)

    def write_next(self) -> None:
        """One more table."""
        name, rows_of = STEPS[self.step]
        self.step += 1
        for _, result in self.results:
            rows = rows_of(result)
            if name == "outcomes":
                known = self.tables.final("outcomes")
                rows = [row for row in rows if known[place(row)]["outcome"] == "accepted"]
            for row in rows:
                self.tables._put(name, {c: v for c, v in msgspec.structs.asdict(row).items() if c != "read_from"})

    def write(self) -> None:
        """All that is left."""
        while not self.is_done:
            self.write_next()


STEPS: list[tuple[str, Callable[[Rebuilt], Sequence[Any]]]] = [
    ("sessions", lambda result: result.session_rows()),
    ("visitors", lambda result: [result.visitor] if result.visitor else []),
    ("outcomes", lambda result: result.losers),
    ("events", lambda result: [*result.adopted, *result.tombstones]),
]
"""In the order of streams/rebuild/writing.py."""


def read(
    tables: Tables,
    options: SessionOptions,
    watermark: int,
    keys: set[bytes] | None = None,
    generation: int = 1,
    *,
    adopts: bool = True,
) -> Rebuild:
    """What a rebuild of all visitors (or those of ``keys``) makes of the tables as they are."""
    bounds = Bounds(watermark, generation, 0, adopts)
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
    rows = {_key(row): row for row in tables.rows["visitors"].values()}
    for key, row in rows.items():
        versions[key] = max(versions[key], row["version"])
    for key, version in versions.items():
        ordered = sorted(events[key], key=lambda e: (e.derived_tstamp, e.event_id))
        row = VisitorRow(**rows[key]) if key in rows else None  # type: ignore[assignment]
        yield key, Stored(ordered, sessions[key], version, row)  # type: ignore[arg-type]


def _key(row: Row) -> bytes:
    if row["visitor_id"] == bytes(16):
        return lone_key(row["app_id"], row["event_id"])
    return visitor_key(row["app_id"], row["visitor_id"])


class Beside(Partition):
    """A worker beside which rebuilds run, one at a time: each is read at one moment, its control records come into the
    log somewhat later, and its tables are written one by one while the worker folds on, dies, and starts again.
    """

    generation = 1

    def __init__(self, world: World, number: int, log: list[Record], tables: Tables) -> None:
        super().__init__(world, number, log, tables)
        self.options = options_of(world.rules)
        self.rebuilds = world.dice.randint(1, 4)
        self.seen = 0
        """How long the log was as far as any worker has read: records come only after that."""
        self.stored = BEFORE_ALL
        """The watermark in table ``progress``."""
        self.under_way: Rebuild | None = None

    def restart(self) -> None:
        """As any worker, of its generation."""
        super().restart()
        rules, options = self.world.rules, options_of(self.world.rules)
        self.fold = PartitionFold(lambda _: options, rules.disorder, self.generation, self.number, dict(self.table))
        self.live = self.fold._state

    def _insert(self, effects: Effects, until: int = 4) -> None:
        super()._insert(effects, until)
        self._note_progress(effects, until)

    def _note_progress(self, effects: Effects, until: int) -> None:
        if until == 4:
            mark = effects.progress.watermark
            self.stored = max(self.stored, BEFORE_ALL if mark == -1 else mark)

    def _batch(self, start: int, end: int, dice: Random, crash_rate: float) -> bool:
        self.seen = max(self.seen, end)
        done = super()._batch(start, end, dice, crash_rate)
        while dice.random() < 0.4:
            self.rebuild_beside(dice)
        return done

    def rebuild_beside(self, dice: Random) -> None:
        """The next step of the one under way, or its death, or the first step of another."""
        if self.under_way is None:
            if self.rebuilds:
                self.rebuilds -= 1
                self.under_way = self.read()
                for control in self.under_way.controls():
                    self.log.insert(dice.randint(self.seen, min(self.seen + 3, len(self.log))), control)
        else:
            self.under_way.write_next()
            self.assert_apart()
            if self.under_way.is_done or dice.random() < 0.15:
                self.under_way = None

    def assert_apart(self) -> None:
        """Not even while a rebuild writes do two rows of one visitor overlap."""
        self.tables.assert_apart()

    def read(self) -> Rebuild:
        """A rebuild of this partition's visitors: each partition has its own watermark."""
        mine = {_key(msgspec.structs.asdict(record)) for record in self.log if isinstance(record, Event)}
        return read(self.tables, self.options, self.stored, mine, self.generation)


def live(world: World, *, crash_rate: float) -> Tables:
    """All partitions, each with its worker and the rebuilds beside it."""
    tables = Tables()
    for number in range(world.enriched):
        Beside(world, number, enriched_log(world, number), tables).run(world.dice, crash_rate)
    return tables


def assert_folded(world: World, tables: Tables) -> None:
    """``sessions`` and ``visitors`` are the fold of what ``events`` holds and is not late, by the oracle's own fold."""
    visitors: dict[tuple[str, bytes], list[Event]] = defaultdict(list)
    for row in tables.final("events").values():
        if not row["is_late"] and row["visitor_id"] != bytes(16):
            visitors[row["app_id"], row["visitor_id"]].append(Event(**{c: v for c, v in row.items() if c in EVENT}))
    wanted = {}
    for who, events in visitors.items():
        parts = _split(sorted(events, key=lambda e: (e.derived_tstamp, e.event_id)), world.rules)
        rows = _numbered(parts, world.rules)
        wanted[who] = [{c: v for c, v in row.items() if c != "first_id"} for row in rows], _visitor(rows)
    found: dict[tuple[str, bytes], list[Row]] = defaultdict(list)
    for row in sorted(tables.final("sessions").values(), key=lambda row: int(row["start_tstamp"])):
        found[row["app_id"], row["visitor_id"]].append(row)
    columns = [set(rows[0]) for rows, _ in wanted.values()][:1]
    assert {who: [{c: row[c] for c in columns[0]} for row in rows] for who, rows in found.items()} == {
        who: rows for who, (rows, _) in wanted.items()
    }
    told = {who: {c: row[c] for c in VISITOR} for who, row in tables.final("visitors").items() if row["sessions"]}
    assert told == {who: visitor for who, (_, visitor) in wanted.items()}


VISITOR = ("first_seen_tstamp", "last_seen_tstamp", "sessions", "user_id")


@settings(cases, max_examples=max(100, CASES // 3))
@given(worlds())
def test_rebuilds_beside_live_workers_end_in_the_truth(world: World) -> None:
    """After one more rebuild at the end nothing is late, and sessions are those of all events, index included."""
    tables = live(world, crash_rate=0.2)

    read(tables, options_of(world.rules), INFINITY).write()

    assert not [row for row in tables.final("events").values() if row["is_late"]]
    assert_folded(world, tables)
    assert read(tables, options_of(world.rules), INFINITY).results == []
    expected = truth(world.rules, [record for records in world.raw for _, record in records])
    assert set(expected.outcomes) == set(tables.final("outcomes"))
    for at, row in tables.final("outcomes").items():
        if row["outcome"] != expected.outcomes[at][0]:  # beaten by an adopted late copy
            assert (expected.outcomes[at][0], row["outcome"], row["reason"]) == ("accepted", "duplicate", "copy")


class Whole(Beside):
    """Rebuilds that do not die, while the worker has read no more than it has stored."""

    def rebuild_beside(self, dice: Random) -> None:
        """The control records come next."""
        del dice
        if self.rebuilds and self.seen == self.fold.applied + 1:
            self.rebuilds -= 1
            found = self.read()
            self.log[self.seen : self.seen] = found.controls()
            found.write()
            assert self.read().results == []


@settings(cases, max_examples=max(100, CASES // 3))
@given(worlds())
def test_a_rebuild_that_no_record_overtakes_keeps_every_number_right(world: World) -> None:
    """Where the control record comes before the next event or marker, live sessions need no second rebuild."""
    tables = Tables()
    for number in range(world.enriched):
        Whole(world, number, enriched_log(world, number), tables).run(world.dice, 0.2)

    assert_folded(world, tables)


class Second(Beside):
    """Of a later generation: it begins with empty state in a store that holds rows, which its own may overlap."""

    generation = 2

    def _insert(self, effects: Effects, until: int = 4) -> None:
        self.tables.insert(effects, until)
        self._note_progress(effects, until)

    def assert_apart(self) -> None:
        """Only the rebuild at the end joins what two runs wrote."""


def parted(world: World) -> tuple[World, World]:
    """The raw log as two runs see it: each its part, the second some of the first's records once more."""
    dice, first, second = world.dice, [], []
    for records in world.raw:
        at = dice.randint(0, len(records))
        again = dice.randint(0, at)
        first.append(records[:at])
        second.append([(time, _loaded_again(record)) for time, record in records[again:]])
    return World(world.rules, first, dice, world.enriched), World(world.rules, second, dice, world.enriched)


def _loaded_again(record: Event | Outcome) -> Event | Outcome:
    return msgspec.structs.replace(record, raw_topic="raw@2")


@settings(cases, max_examples=max(100, CASES // 3))
@given(worlds())
def test_a_second_run_ends_with_the_fold_of_both(world: World) -> None:
    """Sessions parted by the runs are one, numbers go on, copies that each run took are one; nothing late is adopted.

    While the second run's worker folds, rebuilds of its generation run beside it; all may die.
    """
    one, two = parted(world)
    adopts = world.dice.random() < 0.5
    tables = Tables()
    for number in range(world.enriched):
        Partition(one, number, enriched_log(one, number), tables).run(world.dice, 0.2)
        second = Second(two, number, second_log(two, number), tables)
        second.rebuilds *= adopts
        second.run(world.dice, 0.2)
    late = {key for key, row in tables.final("events").items() if row["is_late"]}

    read(tables, options_of(world.rules), INFINITY, generation=2, adopts=False).write()

    assert_folded(world, tables)
    assert {key for key, row in tables.final("events").items() if row["is_late"]} == late
    for rows in _copies(tables):
        times = sorted(row["derived_tstamp"] for row in rows)
        assert all(b - a > world.rules.window for a, b in pairwise(times))
    assert read(tables, options_of(world.rules), INFINITY, generation=2, adopts=False).results == []


def second_log(world: World, number: int) -> list[Record]:
    """Its markers speak of the second incarnation of the raw topic."""
    return [
        msgspec.structs.replace(record, raw_topic="raw@2") if isinstance(record, Marker) else record
        for record in enriched_log(world, number)
    ]


def _copies(tables: Tables) -> Iterable[list[Row]]:
    copies: dict[tuple[str, bytes, bytes], list[Row]] = defaultdict(list)
    for row in tables.final("events").values():
        if not row["is_late"]:
            copies[row["app_id"], row["visitor_id"], row["event_id"]].append(row)
    return copies.values()


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
