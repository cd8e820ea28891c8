"""One embedded store for the whole part; each test gets clients in a database of its own."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from clickhouse_driver import Client

from streams.warehouse.embedded.store import ADDRESS_FILE, ServerRecord, StoreAddress, open_store

pytest.importorskip("chdb", reason="the extra `embedded` is not installed")

_numbers = itertools.count()


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the running store."""
    return tmp_path_factory.mktemp("store") / "s"


@pytest.fixture(scope="session")
def address(store_path: Path) -> Iterator[StoreAddress]:
    """A running store."""
    with open_store(store_path) as found:
        yield found


@pytest.fixture(scope="session")
def server_pid(address: StoreAddress, store_path: Path) -> int:
    """The process of the running store."""
    return msgspec.json.decode((store_path / ADDRESS_FILE).read_bytes(), type=ServerRecord).pid


@pytest.fixture
def connect(address: StoreAddress) -> Iterator[Callable[..., Client]]:
    """Makes clients of one new database; closes them."""
    database = f"t{next(_numbers)}"
    clients = [Client(address.host, address.port, user=address.user, password=address.password)]
    clients[0].execute(f"CREATE DATABASE {database}")

    def make(**options: object) -> Client:
        chosen = {"database": database, "user": address.user, "password": address.password, **options}
        clients.append(Client(address.host, address.port, **chosen))
        return clients[-1]

    yield make
    clients[0].execute(f"DROP DATABASE {database}")
    for client in clients:
        client.disconnect()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    """A client in a database of its own."""
    return connect()
