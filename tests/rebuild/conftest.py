"""A simulated store after one run, and databases beside it that hold the same rows."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from clickhouse_driver import Client

from streams.rebuild.rebuild import Plan, Warehouse, run_rebuild
from streams.rebuild.report import Report
from streams.rebuild.scope import in_range
from streams.rebuild.writing import open_sink
from streams.sessionize.options import make_options_of
from streams.settings import Settings, load_settings
from streams.simulate import write_demo
from streams.warehouse.client import make_client
from streams.warehouse.migrate import migrate
from streams.warehouse.target import Target, open_target
from tests.flow.conftest import run_files

EVENTS = 20_000
GAP, LONGEST, WINDOW = 1_800_000, 86_400_000, 3_600_000
NOBODY = UUID(int=0)
TABLES = ("events", "sessions", "visitors", "outcomes", "progress", "generations", "rules")
_numbers = itertools.count(1)


class Simulated(msgspec.Struct):
    """The lines, the store of one run over them, and its server."""

    lines: Path
    folder: Path
    target: Target
    client: Client
    settings: Settings


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """20,000 lines with late, copied and out-of-order events, run once; nobody changes its rows."""
    folder = tmp_path_factory.mktemp("simulated")
    lines = write_demo(folder, EVENTS, 1)
    run_files([lines], "segment", folder / "store")
    settings = load_settings(None)
    with open_target(str(folder / "store"), settings) as target:
        client = make_client(target.clickhouse, target.password)
        yield Simulated(lines, folder / "store", target, client, settings)
        client.disconnect()


class Tables:
    """What a database holds."""

    def __init__(self, client: Client, name: str) -> None:
        self.client, self.name = client, name

    def ties(self) -> int:
        """Rows of one key and version that say different things."""
        keys = {
            "events": "app_id, visitor_id, derived_tstamp, event_id",
            "sessions": "app_id, visitor_id, start_tstamp, session_id",
            "visitors": "app_id, visitor_id",
            "outcomes": "raw_topic, raw_partition, raw_offset, raw_index",
        }
        return sum(
            self.rows(
                f"SELECT count() FROM (SELECT 1 FROM {{database}}.{table} GROUP BY {key}, version"
                " HAVING uniqExact(formatRowNoNewline('JSONEachRow', *)) > 1)"
            )[0][0]
            for table, key in keys.items()
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Of one query; ``{database}`` is this one."""
        rows: list[tuple[Any, ...]] = self.client.execute(query.replace("{database}", self.name))
        return rows

    def contents(self) -> dict[str, tuple[Any, ...]]:
        """Count and hash of what a reader sees, all columns but version."""
        names = {"events_v": "", "sessions_v": "", "visitors_v": "", "outcomes": "FINAL"}
        return {
            name: self.rows(
                "SELECT count(), sum(h), groupBitXor(h) FROM (SELECT"
                " cityHash64(formatRowNoNewline('JSONEachRow', * EXCEPT (version))) AS h"
                f" FROM {{database}}.{name} {final})"
            )[0]
            for name, final in names.items()
        }

    def physical_rows(self) -> list[tuple[Any, ...]]:
        """How many rows were ever written."""
        return [self.rows(f"SELECT count() FROM {{database}}.{table}")[0] for table in TABLES]

    def events(self) -> list[tuple[str, UUID, int, UUID, int]]:
        """(app, visitor, time, id, is late) in (time, id) order."""
        return self.rows(
            "SELECT app_id, visitor_id, toUnixTimestamp64Milli(derived_tstamp), event_id, is_late"
            " FROM {database}.events_v ORDER BY derived_tstamp, event_id"
        )

    def sessions(self) -> list[tuple[str, UUID, int, int, int, int, int]]:
        """(app, visitor, start, end, events, index, is final), sorted."""
        return sorted(
            self.rows(
                "SELECT app_id, visitor_id, toUnixTimestamp64Milli(start_tstamp), toUnixTimestamp64Milli(end_tstamp),"
                " total_events, session_index, is_final FROM {database}.sessions_v"
            )
        )

    def visitors(self) -> list[tuple[Any, ...]]:
        """(app, visitor, user id, first seen, last seen, sessions), sorted."""
        return sorted(
            self.rows(
                "SELECT app_id, visitor_id, user_id, toUnixTimestamp64Milli(first_seen_tstamp),"
                " toUnixTimestamp64Milli(last_seen_tstamp), sessions FROM {database}.visitors_v"
            )
        )

    def stitched(self) -> list[tuple[Any, ...]]:
        """What ``visitors`` must be, by SQL over the events that are not late and the sessions."""
        return sorted(
            self.rows(
                """
                SELECT app_id, visitor_id, user, first, last, sessions
                FROM
                (
                    SELECT app_id, visitor_id,
                           argMaxIf(user_id, (derived_tstamp, toString(event_id)), user_id != '') AS user,
                           toUnixTimestamp64Milli(min(derived_tstamp)) AS first,
                           toUnixTimestamp64Milli(max(derived_tstamp)) AS last
                    FROM {database}.events_v
                    WHERE is_late = 0 AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000')
                    GROUP BY app_id, visitor_id
                ) AS e
                INNER JOIN
                (
                    SELECT app_id, visitor_id, max(session_index) AS sessions FROM {database}.sessions_v
                    GROUP BY app_id, visitor_id
                ) AS s USING (app_id, visitor_id)
                """
            )
        )

    def islands(self) -> list[tuple[str, UUID, int, int, int, int, int]]:
        """What ``sessions`` must be: gaps and islands over the events that are not late, cut at 24 hours, numbered."""
        times: dict[tuple[str, UUID], list[int]] = defaultdict(list)
        for app, visitor, time, _, is_late in self.events():
            if not is_late and visitor != NOBODY:
                times[app, visitor].append(time)
        return sorted((*who, *span) for who, line in times.items() for span in _spans(line))


class Database(Tables):
    """A database of its own with the rows of the simulated store, beaten ones and tombstones too."""

    def __init__(self, simulated: Simulated) -> None:
        super().__init__(simulated.client, f"copy_{next(_numbers)}")
        clickhouse = simulated.target.clickhouse.model_copy(update={"database": self.name})
        self.target = msgspec.structs.replace(simulated.target, clickhouse=clickhouse)
        self.settings = simulated.settings
        migrate(self.client, self.name)
        for table in TABLES:
            self.client.execute(f"INSERT INTO {self.name}.{table} SELECT * FROM thalweg.{table}")

    @property
    def warehouse(self) -> Warehouse:
        """As a rebuild reads it."""
        return Warehouse(partial(make_client, self.target.clickhouse, self.target.password), self.name)

    @property
    def url(self) -> str:
        """As --store takes it."""
        clickhouse = self.target.clickhouse
        return f"clickhouse://{clickhouse.user}@{clickhouse.host}:{clickhouse.port}/{self.name}"

    @property
    def by_url(self) -> Target:
        """Without its folder: as a ClickHouse somewhere, to which anybody may write."""
        return msgspec.structs.replace(self.target, folder=None)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs for ``url``."""
        return {"THALWEG_CLICKHOUSE_PASSWORD": self.target.password}


def _spans(times: list[int]) -> Iterator[tuple[int, int, int, int, int]]:
    index, start, end, count = 0, times[0], times[0], 0
    for time in times:
        if time - end > GAP or time - start > LONGEST:
            index += 1
            yield start, end, count, index, 1
            start, count = time, 0
        end = time
        count += 1
    yield start, end, count, index + 1, 1


def with_early_copies(database: Database) -> None:
    """Of every 100th event on time a late copy, five seconds earlier: the accepted one is a duplicate after all."""
    database.rows(
        "INSERT INTO {database}.events SELECT * REPLACE(derived_tstamp - toIntervalSecond(5) AS derived_tstamp,"
        " raw_offset + 1000000000 AS raw_offset, 1 AS is_late, 16 AS version)"
        " FROM (SELECT * FROM {database}.events FINAL WHERE modulo(cityHash64(event_id), 100) = 0"
        "  AND dateDiff('ms', derived_tstamp, arrival_tstamp) <= 600000)"
    )


async def rebuild_all(database: Database, report: Report) -> None:
    """Both apps, all time."""
    plan = Plan(make_options_of(database.settings.sessions, database.settings.apps))
    async with open_sink(database.target, 1) as store:
        for app in ("shop", "reader"):
            await run_rebuild(plan, in_range(app, 0, 2**42), database.warehouse, store, report)


@pytest.fixture(scope="session")
def never_died(simulated: Simulated) -> dict[str, object]:
    """What readers see after a rebuild, with early copies, that nothing disturbed."""
    database = Database(simulated)
    with_early_copies(database)
    asyncio.run(rebuild_all(database, Report(dry_run=False)))
    contents: dict[str, object] = {**database.contents()}
    database.rows("DROP DATABASE {database}")
    return contents


@pytest.fixture
def database(simulated: Simulated) -> Iterator[Database]:
    """As after the run."""
    made = Database(simulated)
    yield made
    made.client.execute(f"DROP DATABASE {made.name}")
