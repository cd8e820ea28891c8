"""The session fold against a brute-force oracle: any interleaving, cut, crash, redelivery, torn changelog.

``THALWEG_CASES`` sets how many random worlds (default 1000).
"""

import os
from random import Random

import msgspec
from hypothesis import HealthCheck, given, settings

from streams.records import Event, Record
from streams.sessionize.options import SessionOptions
from streams.sessionize.partition import PartitionFold
from streams.sessionize.state import OWN_KEY

from .oracle import place, truth
from .warehouse import Tables
from .worlds import World, batches, enriched_log, worlds

CASES = int(os.environ.get("THALWEG_CASES", "1000"))
cases = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


class Partition:
    """A worker's view of one enriched partition, which a crash throws away; the table and the log stay."""

    def __init__(self, world: World, number: int, log: list[Record], tables: Tables) -> None:
        self.world, self.number, self.log, self.tables = world, number, log, tables
        self.table: dict[bytes, bytes] = {}
        self.restart()

    def restart(self) -> None:
        """A new worker recovers from the table."""
        rules = self.world.rules
        options = SessionOptions(rules.gap, rules.longest, rules.lateness, rules.window, rules.max_steps)
        self.fold = PartitionFold(lambda app: options, rules.disorder, 1, self.number, dict(self.table))
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
        assert not effects.alarms
        crash = dice.randrange(6) if dice.random() < crash_rate else None
        if crash == 0:
            return False
        self.tables.insert(effects, until=crash if crash in (1, 2) else 3)
        if crash in (1, 2, 3):
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
        return True


def run(world: World, logs: list[list[Record]], dice: Random | None) -> Tables:
    """The tables after all logs; without dice in one batch each and without a crash."""
    tables = Tables()
    for number, log in enumerate(logs):
        partition = Partition(world, number, log, tables)
        if dice is not None:
            partition.run(dice, 0.35)
        else:
            assert partition._batch(0, len(log), Random(1), 0.0)
    return tables


def assert_true(world: World, tables: Tables) -> None:
    """The tables hold what the oracle says."""
    expected = truth(world.rules, [record for records in world.raw for _, record in records])
    outcomes = {key: (row["outcome"], row["reason"]) for key, row in tables.final("outcomes").items()}
    assert outcomes == expected.outcomes
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
    identities = {
        row["session_id"]: (row["app_id"], row["visitor_id"], row["start_tstamp"], want["first_id"])
        for row, want in zip(rows, wanted, strict=True)
    }
    assert len(identities) == len(set(identities.values())) == len(rows)


@settings(cases, max_examples=CASES)
@given(worlds())
def test_invariant_2_final_rows_are_a_pure_function_of_the_raw_log(world: World) -> None:
    """Two interleavings, each in one batch and in many with crashes, give the oracle's rows; cuts keep versions too."""
    logs = [enriched_log(world, number) for number in range(world.enriched)]
    other = [enriched_log(world, number) for number in range(world.enriched)]
    whole, cut = run(world, logs, None), run(world, logs, world.dice)
    assert_true(world, whole)
    assert cut.rows == whole.rows, "a cut, a crash or a redelivery changed a row or a version"
    again = run(world, other, world.dice)
    assert_true(world, again)
    for name in ("events", "sessions", "outcomes"):
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
