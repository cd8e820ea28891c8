"""One batch with rows of every table, and what of it lies in the store."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from clickhouse_driver import Client

from streams.records import INFINITY, Progress
from streams.settings import ClickHouseSettings
from streams.warehouse.sink import TableRows
from tests.warehouse.rows import NOON, event, outcome, session

EVENTS = 200
SPAN = (0, EVENTS - 1)
ONCE = {"rules": 1, "events": EVENTS, "sessions": 1, "outcomes": EVENTS, "progress": 1}
"""``stored`` when no row is there twice."""


def batch(**more: Any) -> TableRows:
    """Rows of every table; ``more`` goes to each event."""
    return TableRows(
        events=[event(number, NOON + number, raw_offset=number, **more) for number in range(EVENTS)],
        sessions=[session("s", NOON, NOON + EVENTS)],
        outcomes=[outcome(number) for number in range(EVENTS)],
        rules={"hash": "text"},
        progress=Progress(generation=1, partition=0, applied=EVENTS - 1, watermark=INFINITY),
    )


def run(work: Coroutine[Any, Any, None]) -> None:
    """Runs a test's coroutine; one that hangs fails."""
    asyncio.run(asyncio.wait_for(work, 60))


def stored(client: Client, settings: ClickHouseSettings) -> dict[str, int]:
    """Rows as they lie in the tables, without FINAL: what the server did not drop."""
    return {table: client.execute(f"SELECT count() FROM {settings.database}.{table}")[0][0] for table in ONCE}
