"""One embedded store for the folder; each test gets a migrated database of its own, and sessions to put there."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from clickhouse_driver import Client

from streams.settings import ClickHouseSettings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import StoreAddress, open_store
from streams.warehouse.migrate import migrate

pytest.importorskip("sklearn", reason="the extra `models` is not installed")
pytest.importorskip("chdb", reason="the extra `embedded` is not installed")

_numbers = itertools.count(1)
DAY = 1_772_409_600_000
"""2026-03-02T00:00Z, a Monday, in milliseconds."""


class Place(msgspec.Struct):
    """A migrated database."""

    client: Client
    name: str

    def add(self, *sessions: dict[str, Any]) -> None:
        """Sessions; what a dict leaves out is as a plain session of a person has it. ``start`` and ``offsets``: ms."""
        rows = [_row(session) for session in sessions]
        columns = ", ".join(rows[0])
        assert all(list(row) == list(rows[0]) for row in rows)
        self.client.execute(
            f"INSERT INTO {self.name}.sessions ({columns}) VALUES", [tuple(row.values()) for row in rows]
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Of one query; ``{database}`` is this one."""
        rows: list[tuple[Any, ...]] = self.client.execute(query.replace("{database}", self.name))
        return rows


def _row(session: dict[str, Any]) -> dict[str, Any]:
    given = dict(session)
    steps = given.pop("steps", ["page:/"])
    pages = [step.removeprefix("page:") for step in steps if step.startswith("page:")]
    start = given.pop("start", DAY)
    offsets = given.pop("offsets", [1_000 * place for place in range(len(steps))])
    return {
        "session_id": UUID(int=given.pop("id", next(_numbers))),
        "app_id": "shop",
        "visitor_id": UUID(int=given.pop("visitor", 7)),
        "start_tstamp": start,
        "end_tstamp": start + max(offsets, default=0),
        "absolute_time_in_s": max(offsets, default=0) // 1_000,
        "views": len(pages),
        "total_events": len(steps),
        "is_bounce": int(len(pages) < 2),
        "first_page_urlpath": pages[0] if pages else "",
        "last_page_urlpath": pages[-1] if pages else "",
        "steps": steps,
        "step_offsets_ms": offsets,
        "version": 1,
        "is_bot": 0,
        "is_capped": 0,
        "is_deleted": 0,
        "dvce_type": "Desktop",
        "default_channel_group": "Direct",
        "geo_country": "",
        "refr_source": "",
        "first_page_title": "",
        "last_page_title": "",
        "goals": [],
        **given,
    }


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAddress]:
    """A running embedded store."""
    folder: Path = tmp_path_factory.mktemp("models") / "store"
    with open_store(folder) as found:
        yield found


@pytest.fixture(scope="session")
def migrated(address: StoreAddress) -> Iterator[Place]:
    """A migrated database for the whole folder."""
    settings = ClickHouseSettings(host=address.host, port=address.port, user=address.user, database="models")
    client = make_client(settings, address.password)
    migrate(client, settings.database)
    yield Place(client, settings.database)
    client.disconnect()


@pytest.fixture
def place(migrated: Place) -> Place:
    """A migrated database without rows."""
    for table in ("sessions", "funnels", "funnel_steps", "patterns", "session_patterns", "pattern_models"):
        migrated.client.execute(f"TRUNCATE TABLE {migrated.name}.{table}")
    return migrated
