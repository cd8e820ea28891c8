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


@pytest.fixture
def settings(address: StoreAddress) -> ClickHouseSettings:
    """How to reach a database that does not exist yet."""
    return ClickHouseSettings(
        host=address.host, port=address.port, user=address.user, database=f"warehouse_{next(_numbers)}"
    )


@pytest.fixture
def bare(settings: ClickHouseSettings, address: StoreAddress) -> Iterator[Client]:
    """A client of the store; its database is not there yet and is gone afterwards."""
    client = make_client(settings, address.password)
    yield client
    client.execute(f"DROP DATABASE IF EXISTS {settings.database}")
    client.disconnect()


@pytest.fixture
def client(bare: Client, settings: ClickHouseSettings) -> Client:
    """A client of a migrated database."""
    migrate(bare, settings.database)
    return bare
