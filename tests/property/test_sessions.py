"""The session fold against a brute-force oracle: any interleaving, cut, crash, redelivery, torn changelog.

``THALWEG_CASES`` sets how many random worlds (default 1000).
"""

import os
from collections.abc import Iterable
from random import Random
from unittest.mock import patch

import msgspec
from hypothesis import HealthCheck, given, settings

from streams.records import INFINITY, OWN_KEY, Event, Marker, Outcome, Record
from streams.sessionize import open_part
from streams.sessionize.effects import Effects
from streams.sessionize.partition import PartitionFold
from streams.sessionize.shared import SharedTexts
from streams.sessionize.state import applied_of

from .oracle import Truth, place, truth
from .warehouse import Tables
from .worlds import World, batches, enriched_log, options_of, worlds

CASES = int(os.environ.get("THALWEG_CASES", "1000"))
cases = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


NOTHING = (2**64 - 1).to_bytes(8, "big")


class Partition:
    """A worker's view of one enriched partition, which a crash throws away; the table and the log stay."""

    def __init__(self, world: World, number: int, log: list[Record], tables: Tables) -> None:
        self.world, self.number, self.log, self.tables = world, number, log, tables
        self.table: dict[bytes, bytes] = {}
        self.zombies: list[Effects] = []
        self.furthest = -1
        """The last offset whose rows may be in the tables."""
        self.restart()

    def restart(self) -> None:
        """A new worker recovers from the table."""
        rules = self.world.rules
        options = options_of(rules)
        table = SharedTexts()
        table.update(self.table)
        self.fold = PartitionFold(lambda app: options, rules.disorder, 1, self.number, table)
        self.live = self.fold._state  # the same worker's view, which publishing changes

    def records(self, start: int, end: int) -> list[tuple[int, Record]]:
        """Decoded anew, as from Kafka."""
        return [(at, msgspec.structs.replace(self.log[at])) for at in range(start, end)]

    def publish(self, key: bytes, value: bytes | None) -> None:
        """One changelog record, acknowledged."""
        for table in (self.table, self.live):
            if value is None:
                table.pop(key, None)  # type: ignore[attr-defined]
            else:
                table[key] = value  # type: ignore[index]

    def run(self, dice: Random, crash_rate: float) -> None:
        """All batches; after any effect the worker may die."""
        start = 0
        while start < len(self.log):
            for end in batches(dice, len(self.log), start):
                if not self._batch(start, end, dice, crash_rate):
                    break
                start = end
            if start < len(self.log):
                self.restart()
                # the committed offset may be behind the state
                start = max(0, self.fold.applied + 1 - dice.choice([0, 0, 1, 5]))

    def _batch(self, start: int, end: int, dice: Random, crash_rate: float) -> bool:
        """False when the worker died on the way."""
        if dice.random() < 0.2:
            self.fold.fold(self.records(start, dice.randint(start, end)))  # refused by the sink, folded again
        effects = self.fold.fold(self.records(start, end))
        assert not effects.alarms["closed"]
        assert set(effects.alarms) <= {"closed", "capped_sessions"}
        crash = dice.choice([0, 1, 2, 3, 4, 5, 6, 7]) if dice.random() < crash_rate else None
        if crash == 0:
            return False
        if crash == 7:  # stopped before the insert, to wake up when others have taken over
            self.zombies.append(effects)
            return False
        self._insert(effects, crash if crash in (1, 2, 3) else 4)
        if crash in (1, 2, 3, 6):
            return False
        changes = list(effects.changes.items())
        dice.shuffle(changes)
        if crash == 4:  # torn: some keys are ahead of the partition's own record
            for key, value in changes[: dice.randint(0, len(changes))]:
                self.publish(key, value)
            return False
        for key, value in changes:
            self.publish(key, value)
        self.publish(OWN_KEY, effects.own)
        if crash == 5:
            return False
        self.fold.commit(effects)
        while self.zombies and dice.random() < 0.3:
            self._wake(self.zombies.pop(dice.randrange(len(self.zombies))), dice)
        self.committed = end - 1
        return True

    def _insert(self, effects: Effects, until: int = 4) -> None:
        self.tables.insert(effects, until)
        self.furthest = max(self.furthest, effects.span[1])
        self.tables.assert_apart()

    def _wake(self, effects: Effects, dice: Random) -> None:
        """A stopped worker inserts what it has; its changelog is refused, or lands in part: the highest offset wins."""
        self._insert(effects)
        for key, value in effects.changes.items():
            if (
                value is not None
                and dice.random() < 0.5
                and applied_of(value) > applied_of(self.table.get(key, NOTHING))
            ):
                self.table[key] = value


def run(world: World, logs: list[list[Record]], dice: Random | None) -> Tables:
    """The tables after all logs; without dice in one batch each and without a crash.

    How many hits are sealed at a time is diced, too: it must not matter.
    """
    tables = Tables()
    with patch.object(open_part, "SEAL_AT", 32 if dice is None else dice.choice([0, 0, 1, 4, 32])):
        _run(world, logs, dice, tables)
    return tables


def _run(world: World, logs: list[list[Record]], dice: Random | None, tables: Tables) -> None:
    for number, log in enumerate(logs):
        partition = Partition(world, number, log, tables)
        if dice is not None:
            partition.run(dice, 0.35)
        else:
            assert partition._batch(0, len(log), Random(1), 0.0)


def assert_true(world: World, tables: Tables) -> None:
    """The tables hold what the oracle says."""
    expected = truth(world.rules, [record for records in world.raw for _, record in records])
    outcomes = {key: (row["outcome"], row["reason"]) for key, row in tables.final("outcomes").items()}
    assert outcomes == expected.outcomes
    facts = {key: (row["arrival_tstamp"], row["events"], row["size"]) for key, row in tables.final("outcomes").items()}
    assert facts == {place(record): _facts(record) for records in world.raw for _, record in records}
    events = tables.final("events")
    assert {key: row["is_late"] for key, row in events.items()} == {k: late for k, (late, _) in expected.events.items()}
    for key, row in events.items():
        assert (row["raw_topic"], row["raw_partition"], row["raw_offset"], row["raw_index"]) in expected.events[key][1]
    rows = sorted(tables.final("sessions").values(), key=lambda r: (r["app_id"], r["visitor_id"], r["start_tstamp"]))
    wanted = sorted(expected.sessions, key=lambda r: (r["app_id"], r["visitor_id"], r["start_tstamp"]))
    names = [{"first_id"} ^ set(row) for row in wanted]
    assert [{c: row[c] for c in columns} for row, columns in zip(rows, names, strict=True)] == [
        {c: row[c] for c in columns} for row, columns in zip(wanted, names, strict=True)
    ]
    visitors = tables.final("visitors")
    assert visitors.keys() == expected.visitors.keys()
    for key, want in expected.visitors.items():
        assert {column: visitors[key][column] for column in want} == want
    identities = {
        row["session_id"]: (row["app_id"], row["visitor_id"], row["start_tstamp"], want["first_id"])
        for row, want in zip(rows, wanted, strict=True)
    }
    assert len(identities) == len(set(identities.values())) == len(rows)


def _facts(record: Event | Outcome) -> tuple[int, int, int]:
    if isinstance(record, Event):
        return record.arrival_tstamp, record.raw_events, record.raw_size
    return record.arrival_tstamp, record.events, record.size


@settings(cases, max_examples=CASES)
@given(worlds())
def test_invariant_2_final_rows_are_a_pure_function_of_the_raw_log(world: World) -> None:
    """Two interleavings, each in one batch and in many with crashes, give the oracle's rows; cuts keep versions too."""
    logs = [enriched_log(world, number) for number in range(world.enriched)]
    other = [enriched_log(world, number) for number in range(world.enriched)]
    whole, cut = run(world, logs, None), run(world, logs, world.dice)
    assert_true(world, whole)
    for name in ("events", "visitors", "outcomes"):
        assert cut.rows[name] == whole.rows[name], "a cut, a crash or a redelivery changed a row or a version"
    assert cut.final("sessions") == whole.final("sessions"), (
        "which rows of open sessions there were changed a final one"
    )
    again = run(world, other, world.dice)
    assert_true(world, again)
    for name in ("events", "sessions", "visitors", "outcomes"):
        assert _unversioned(again, name) == _unversioned(whole, name)


def _unversioned(tables: Tables, name: str) -> dict[object, dict[str, object]]:
    return {key: {c: v for c, v in row.items() if c != "version"} for key, row in tables.final(name).items()}


@settings(cases, max_examples=max(100, CASES // 5))
@given(worlds())
def test_invariant_1_every_raw_event_has_exactly_one_outcome(world: World) -> None:
    """Whatever is redelivered and wherever workers die, ``outcomes`` holds each raw coordinate once."""
    logs = [enriched_log(world, number) for number in range(world.enriched)]
    tables = run(world, logs, world.dice)
    assert set(tables.final("outcomes")) == {place(r) for records in world.raw for _, r in records}
    accepted = sum(row["outcome"] == "accepted" for row in tables.final("outcomes").values())
    on_time = [row for row in tables.final("events").values() if not row["is_late"]]
    assert accepted == len(on_time)
    assert sum(r["total_events"] for r in tables.final("sessions").values()) == sum(
        row["visitor_id"] != bytes(16) for row in on_time
    )
    assert all(isinstance(r, Event) or r.outcome == "dead" for records in world.raw for _, r in records)


class Watched(Partition):
    """A partition whose every committed batch is held against the folds of all prefixes of its log."""

    def __init__(self, world: World, number: int, log: list[Record], tables: Tables) -> None:
        super().__init__(world, number, log, tables)
        self.clocks = _clocks(log)
        self.truths: dict[int, Truth] = {}

    def _batch(self, start: int, end: int, dice: Random, crash_rate: float) -> bool:
        done = super()._batch(start, end, dice, crash_rate)
        if done:
            self.assert_fresh(end - 1)
        return done

    def assert_fresh(self, now: int) -> None:
        """Each visitor's rows are the fold of one prefix not older than the interval, or of a batch that died later."""
        oldest = now
        while oldest > 0 and self.clocks[now] - self.clocks[oldest - 1] < self.world.rules.interval:
            oldest -= 1
        prefixes = [self._rows(at) for at in range(oldest, max(now, self.furthest) + 1)]
        found = _by_visitor(self.tables.final("sessions").values())
        for visitor in {visitor for prefix in prefixes for visitor in prefix} | set(found):
            allowed = [prefix.get(visitor, []) for prefix in prefixes]
            assert any(_same(found.get(visitor, []), rows) for rows in allowed), "no prefix gives these rows"

    def _rows(self, at: int) -> dict[object, list[dict[str, object]]]:
        if at not in self.truths:
            records = {place(r): r for r in self.log[: at + 1] if isinstance(r, Event | Outcome)}
            self.truths[at] = truth(self.world.rules, records.values())
        return _by_visitor(self.truths[at].sessions)


def _clocks(log: list[Record]) -> list[int]:
    """Per record the highest arrival time so far."""
    clock, clocks = 0, []
    for record in log:
        told = [record.arrival_tstamp] if isinstance(record, Event) else []
        if isinstance(record, Marker):
            told = [heard for heard in record.heard.values() if heard != INFINITY]
        clock = max(clock, *told, 0)
        clocks.append(clock)
    return clocks


def _by_visitor(rows: Iterable[dict[str, object]]) -> dict[object, list[dict[str, object]]]:
    found: dict[object, list[dict[str, object]]] = {}
    for row in sorted(rows, key=lambda row: row["start_tstamp"]):  # type: ignore[arg-type, return-value]
        found.setdefault((row["app_id"], row["visitor_id"]), []).append(row)
    return found


def _same(found: list[dict[str, object]], rows: list[dict[str, object]]) -> bool:
    columns = [set(row) - {"first_id", "is_final"} for row in rows]
    return len(found) == len(rows) and all(
        all(one[c] == other[c] for c in names) for one, other, names in zip(found, rows, columns, strict=True)
    )


@settings(cases, max_examples=max(100, CASES // 3))
@given(worlds())
def test_invariant_2_rows_of_open_sessions_are_the_fold_of_a_fresh_prefix(world: World) -> None:
    """After every batch, whatever died before it, each visitor's rows are one prefix's, at most the interval old."""
    tables = Tables()
    for number in range(world.enriched):
        Watched(world, number, enriched_log(world, number), tables).run(world.dice, 0.15)
    assert_true(world, tables)
