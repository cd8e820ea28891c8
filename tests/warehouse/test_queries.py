from collections.abc import Callable, Sequence

import msgspec
import pytest
from clickhouse_driver import Client

from streams.records import INFINITY, Outcome, Progress
from streams.settings import ClickHouseSettings
from streams.warehouse.client import client_options
from streams.warehouse.columns import OUTCOMES, PROGRESS, Table
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.insert import InsertClient, encode
from streams.warehouse.queries import OutcomeCount, ended, outcome_counts, raw_holes
from tests.warehouse.rows import outcome

Put = Callable[[Table, Sequence[msgspec.Struct]], None]


@pytest.fixture
def put(client: Client, settings: ClickHouseSettings, address: StoreAddress) -> Put:
    """Inserts rows into the migrated database."""

    def insert(table: Table, rows: Sequence[msgspec.Struct]) -> None:
        inserter = InsertClient(**client_options(settings, address.password))
        inserter.insert(settings.database, encode(table.name, table.columns, table.values(rows)), {})
        inserter.disconnect()

    return insert


def test_a_run_has_ended_when_every_partition_has(client: Client, settings: ClickHouseSettings, put: Put) -> None:
    """Neither one partition alone, nor another generation's end, nor a watermark short of it will do."""

    def done() -> bool:
        return ended(client, settings.database, 2, 2)

    assert not done()
    put(PROGRESS, [Progress(generation=1, partition=n, applied=9, watermark=INFINITY) for n in (0, 1)])
    put(PROGRESS, [Progress(generation=2, partition=0, applied=9, watermark=INFINITY)])
    assert not done()
    put(PROGRESS, [Progress(generation=2, partition=1, applied=8, watermark=INFINITY - 1)])
    assert not done()
    put(PROGRESS, [Progress(generation=2, partition=1, applied=9, watermark=INFINITY)])
    assert done()


def test_outcomes_are_counted_once(client: Client, settings: ClickHouseSettings, put: Put) -> None:
    """Redelivered rows count once, other raw topics not at all."""
    rows: list[Outcome] = [outcome(0), outcome(1), outcome(2, outcome="dead", reason="syntax")]
    put(OUTCOMES, rows)
    put(OUTCOMES, [*rows[:2], outcome(0, raw_topic="raw@2")])
    assert outcome_counts(client, settings.database, "raw@1") == [
        OutcomeCount("accepted", "", 2),
        OutcomeCount("dead", "syntax", 1),
    ]


@pytest.mark.parametrize(
    ("rows", "holes"),
    [
        ([], [(0, 9)]),
        ([outcome(n) for n in range(10)], []),
        ([outcome(n) for n in range(1, 9)], [(0, 0), (9, 9)]),
        ([outcome(n) for n in (0, 1, 5, 9)], [(2, 4), (6, 8)]),
        ([outcome(n) for n in range(10) if n != 3], [(3, 3)]),
        ([outcome(n, outcome="empty", events=0) for n in range(10)], []),
        ([outcome(n) for n in range(9)] + [outcome(9, i, events=3) for i in (0, 2)], [(9, 9)]),
        ([outcome(n) for n in range(9)] + [outcome(9, i, events=3) for i in (0, 1, 2)], []),
        ([outcome(n) for n in (-0, 10, 11)], [(1, 9)]),
        ([outcome(n, raw_partition=1) for n in range(10)] + [outcome(4)], [(0, 3), (5, 9)]),
    ],
)
def test_offsets_without_all_their_outcomes_are_holes(
    rows: list[Outcome], holes: list[tuple[int, int]], client: Client, settings: ClickHouseSettings, put: Put
) -> None:
    """At either end, in the middle, and where a record of several events misses one."""
    if rows:
        put(OUTCOMES, rows)
    assert raw_holes(client, settings.database, "raw@1", 0, 0, 9) == holes


def test_holes_are_sought_in_the_given_range(client: Client, settings: ClickHouseSettings, put: Put) -> None:
    """Retention moves the first offset; an empty range has no holes."""
    put(OUTCOMES, [outcome(n) for n in (100, 102)])
    assert raw_holes(client, settings.database, "raw@1", 0, 100, 103) == [(101, 101), (103, 103)]
    assert raw_holes(client, settings.database, "raw@1", 0, 5, 4) == []
