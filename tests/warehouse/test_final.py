"""What FINAL makes of rows written again: one row per identity, the highest version, no tombstones."""

import itertools
import random
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from clickhouse_driver import Client

from streams.records import Event, Outcome, Progress, SessionRow
from streams.settings import ClickHouseSettings
from streams.warehouse.client import client_options
from streams.warehouse.columns import EVENTS, OUTCOMES, PROGRESS, SESSIONS, Table
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.insert import InsertClient, encode
from tests.warehouse.rows import DAY, MINUTE, NOON, event, id_of, outcome, session

GENERATION = 1 << 48


class _Writer:
    """Inserts rows without tokens, so that only the tables' engine can collapse them."""

    def __init__(self, client: InsertClient, database: str) -> None:
        self._client, self._database = client, database

    def put(self, table: Table, rows: Sequence[msgspec.Struct]) -> None:
        encoded = encode(table.name, table.columns, table.values(rows))
        self._client.insert(
            self._database, encoded, {"deduplicate_insert": "disable", "max_partitions_per_insert_block": 0}
        )


@pytest.fixture
def writer(client: Client, settings: ClickHouseSettings, address: StoreAddress) -> Iterator[_Writer]:
    """Writes into the migrated database."""
    inserter = InsertClient(**client_options(settings, address.password))
    yield _Writer(inserter, settings.database)
    inserter.disconnect()


def _count(client: Client, settings: ClickHouseSettings, of: str) -> int:
    return int(client.execute(f"SELECT count() FROM {settings.database}.{of}")[0][0])


def test_other_cuts_of_the_same_rows_collapse(writer: _Writer, client: Client, settings: ClickHouseSettings) -> None:
    """After a crash the batch is cut otherwise: more rows are stored, the same are seen."""
    events: list[Event] = [event(number, NOON + number * DAY, raw_offset=number) for number in range(40)]
    sessions: list[SessionRow] = [session(number, NOON + number * DAY) for number in range(40)]
    outcomes: list[Outcome] = [outcome(number) for number in range(40)]
    client.execute(f"SYSTEM STOP MERGES {settings.database}.events")
    rng = random.Random(3)
    for table, rows in ((EVENTS, events), (SESSIONS, sessions), (OUTCOMES, outcomes)):
        for _ in range(3):
            cuts = sorted(rng.sample(range(1, 40), 3))
            for start, end in itertools.pairwise([0, *cuts, 40]):
                writer.put(table, rows[start:end])
    assert _count(client, settings, "events") == 3 * 40
    assert [_count(client, settings, view) for view in ("events_v", "sessions_v")] == [40, 40]
    assert client.execute(f"SELECT sum(n) FROM {settings.database}.ledger") == [(40,)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_highest_version_wins_in_any_order(
    order: tuple[int, ...], writer: _Writer, client: Client, settings: ClickHouseSettings
) -> None:
    """A zombie's late insert of an older version changes nothing."""
    versions = [session("s", total_events=n, version=GENERATION | n << 4) for n in (1, 2, 3)]
    for place in order:
        writer.put(SESSIONS, [versions[place]])
    assert client.execute(f"SELECT total_events FROM {settings.database}.sessions_v") == [(3,)]


@pytest.mark.parametrize("together", [True, False], ids=["one insert", "two inserts"])
@pytest.mark.parametrize("tombstone_first", [True, False])
def test_a_tombstone_hides_its_row(
    together: bool,
    tombstone_first: bool,
    writer: _Writer,
    client: Client,
    settings: ClickHouseSettings,
) -> None:
    """In any order, in one insert or two, before and after a merge; older rows stay hidden for ever."""
    rows = [session("s"), session("s", version=GENERATION | 16, is_deleted=1)]
    rows.reverse() if tombstone_first else None
    for batch in [rows] if together else [[row] for row in rows]:
        writer.put(SESSIONS, batch)
    assert _count(client, settings, "sessions_v") == 0
    client.execute(f"OPTIMIZE TABLE {settings.database}.sessions FINAL")
    assert _count(client, settings, "sessions_v") == 0
    writer.put(SESSIONS, [session("s", total_events=9)])
    assert _count(client, settings, "sessions_v") == 0
    writer.put(SESSIONS, [session("s", total_events=5, version=GENERATION | 32)])
    assert client.execute(f"SELECT total_events FROM {settings.database}.sessions_v") == [(5,)]


def test_a_late_copy_never_beats_an_accepted_row(writer: _Writer, client: Client, settings: ClickHouseSettings) -> None:
    """Late events have generation 0 and a hash below it: even the largest loses to the first accepted row."""
    late = event("e", is_late=1, version=((1 << 44) - 1) << 4)
    for rows in ([late], [event("e", version=GENERATION)], [late]):
        writer.put(EVENTS, rows)
    assert client.execute(f"SELECT is_late FROM {settings.database}.events_v") == [(0,)]


def test_identities_that_differ_stay_apart(writer: _Writer, client: Client, settings: ClickHouseSettings) -> None:
    """App, visitor, time and id each make another event; nothing else does."""
    same = [event("e"), event("e", page_url="/other", version=GENERATION | 16)]
    other = [event("e", app_id="blog"), event("e", visitor_id=id_of("w")), event("e", NOON + 1), event("f")]
    writer.put(EVENTS, same)
    writer.put(EVENTS, other)
    assert _count(client, settings, "events_v") == 1 + len(other)
    assert _count(client, settings, "events_v WHERE page_url = '/other'") == 1


def test_progress_is_the_furthest(writer: _Writer, client: Client, settings: ClickHouseSettings) -> None:
    """A zombie's older progress does not turn the clock back; -1 means nothing applied."""
    rows = [Progress(generation=1, partition=0, applied=applied, watermark=applied * MINUTE) for applied in (-1, 7, 3)]
    for row in rows:
        writer.put(PROGRESS, [row])
    assert client.execute(f"SELECT applied FROM {settings.database}.progress FINAL") == [(7,)]


def test_outcomes_keep_the_later_decision(writer: _Writer, client: Client, settings: ClickHouseSettings) -> None:
    """An accepted event may turn out a duplicate when an earlier copy arrives: one row, the later word."""
    writer.put(OUTCOMES, [outcome(1), outcome(1, 1), outcome(2, app_id="blog")])
    writer.put(OUTCOMES, [outcome(1, 1, outcome="duplicate", reason="copy", version=GENERATION | 16)])
    hour = NOON // 3_600_000 * 3600
    rows = client.execute(
        f"SELECT app_id, toUnixTimestamp(hour), outcome, reason, n FROM {settings.database}.ledger ORDER BY ALL"
    )
    assert rows == [
        ("blog", hour, "accepted", "", 1),
        ("shop", hour, "accepted", "", 1),
        ("shop", hour, "duplicate", "copy", 1),
    ]
