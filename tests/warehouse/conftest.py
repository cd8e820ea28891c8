"""One embedded store for the whole folder, one database per test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_driver import Client

from streams.settings import ClickHouseSettings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import StoreAddress, open_store
from streams.warehouse.migrate import migrate

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAddress]:
    """A running embedded store."""
    folder: Path = tmp_path_factory.mktemp("warehouse") / "store"
    with open_store(folder) as found:
        yield found


def _settings(address: StoreAddress) -> ClickHouseSettings:
    return ClickHouseSettings(
        host=address.host, port=address.port, user=address.user, database=f"warehouse_{next(_numbers)}"
    )


@pytest.fixture
def fresh(address: StoreAddress) -> ClickHouseSettings:
    """How to reach a database that does not exist yet."""
    return _settings(address)


@pytest.fixture
def bare(fresh: ClickHouseSettings, address: StoreAddress) -> Iterator[Client]:
    """A client for ``fresh``; what it makes there is gone afterwards."""
    client = make_client(fresh, address.password)
    yield client
    client.execute(f"DROP DATABASE IF EXISTS {fresh.database}")
    client.disconnect()


@pytest.fixture(scope="module")
def settings(address: StoreAddress) -> Iterator[ClickHouseSettings]:
    """How to reach a migrated database, one per module; its schema is not to be changed."""
    made = _settings(address)
    client = make_client(made, address.password)
    migrate(client, made.database)
    yield made
    client.execute(f"DROP DATABASE {made.database}")
    client.disconnect()


@pytest.fixture
def client(settings: ClickHouseSettings, address: StoreAddress) -> Iterator[Client]:
    """A client of the migrated database, whose tables are empty."""
    client = make_client(settings, address.password)
    for table in ("events", "sessions", "outcomes", "progress", "generations", "rules"):
        client.execute(f"TRUNCATE TABLE {settings.database}.{table}")
        client.execute(f"SYSTEM START MERGES {settings.database}.{table}")
    yield client
    client.disconnect()
