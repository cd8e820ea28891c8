"""One embedded store for the whole part; each test gets a client in a database of its own."""

import itertools
from collections.abc import Callable, Iterator

import pytest
from clickhouse_driver import Client

from streams.warehouse.embedded.store import StoreAddress, open_store

pytest.importorskip("chdb", reason="the extra `embedded` is not installed")

_numbers = itertools.count()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAddress]:
    """A running store."""
    with open_store(tmp_path_factory.mktemp("store") / "s") as found:
        yield found


@pytest.fixture
def connect(address: StoreAddress) -> Iterator[Callable[..., Client]]:
    """Makes clients of one new database; closes them."""
    database = f"t{next(_numbers)}"
    clients = [Client(address.host, address.port, user=address.user, password=address.password)]
    clients[0].execute(f"CREATE DATABASE {database}")

    def make(**options: object) -> Client:
        settings = {"database": database, "user": address.user, "password": address.password, **options}
        clients.append(Client(address.host, address.port, **settings))
        return clients[-1]

    yield make
    clients[0].execute(f"DROP DATABASE {database}")
    for client in clients:
        client.disconnect()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    """A client in a database of its own."""
    return connect()
