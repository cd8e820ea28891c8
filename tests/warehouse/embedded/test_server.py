from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from streams.warehouse.embedded.server import MAX_CLIENTS
from streams.warehouse.embedded.store import StoreAddress
from tests.warehouse.embedded.raw import RawClient


def test_one_client_reads_while_another_writes(connect: Callable[..., Client]) -> None:
    """A reader sees whole inserts only, never fewer rows than before, and all of them at the end."""
    connect().execute("CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n")
    written = Event()

    def write(client: Client) -> None:
        try:
            for batch in range(30):
                client.execute("INSERT INTO t VALUES", [(batch * 500 + n, "x") for n in range(500)])
        finally:
            written.set()

    def read(client: Client) -> list[int]:
        seen = []
        while not written.is_set():
            seen.append(client.execute("SELECT count() FROM t")[0][0])
        return seen

    with ThreadPoolExecutor() as pool:
        writing, reading = pool.submit(write, connect()), pool.submit(read, connect())
        writing.result(60)
        seen = reading.result(60)
    assert seen == sorted(seen)
    assert {count % 500 for count in seen} == {0}
    assert connect().execute("SELECT count(), uniqExact(n) FROM t") == [(15_000, 15_000)]


def test_several_writers_lose_nothing(connect: Callable[..., Client]) -> None:
    """Each insert uses a file of its own."""
    connect().execute("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")

    def write(first: int, client: Client) -> None:
        for batch in range(10):
            client.execute("INSERT INTO t VALUES", [(first + batch * 100 + n,) for n in range(100)])

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write, writer * 1000, connect()) for writer in range(4)]:
            done.result(60)
    assert connect().execute("SELECT count(), uniqExact(n), max(n) FROM t") == [(4000, 4000, 3999)]


def test_beyond_the_limit_clients_are_turned_away_in_words(address: StoreAddress) -> None:
    """Code 202, which a client retries; a place that is given up can be had again."""
    with ExitStack() as stack:
        client = stack.enter_context(Client(address.host, address.port, user=address.user, password=address.password))
        held = [stack.enter_context(RawClient(address)) for _ in range(MAX_CLIENTS + 1)]
        for raw in held:
            raw.send_hello("", address.password)
        assert held[-1].exception()[0] == 202
        with pytest.raises(ServerException) as refused:
            client.execute("SELECT 1")
        assert refused.value.code == 202
        for raw in held:
            raw.socket.close()
        while _is_full(client):
            pass
        assert client.execute("SELECT 1") == [(1,)]


def _is_full(client: Client) -> bool:
    try:
        client.execute("SELECT 1")
    except ServerException as refused:
        return bool(refused.code == 202)
    return False
