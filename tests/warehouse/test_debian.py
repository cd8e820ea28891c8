"""The wire against a real server: error codes on demand, kill -9, users. Tables are ones Debian's old server knows."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client
from clickhouse_driver import errors as driver

from streams.settings import ClickHouseSettings
from streams.warehouse.client import client_options, make_client
from streams.warehouse.failures import InDoubt, Refused, is_transient
from streams.warehouse.insert import Encoded, InsertClient, encode
from streams.warehouse.lane import Lane
from tests.proxy import Cut, Proxy
from tests.warehouse.debian import PASSWORD, READER, DebianClickHouse, free_port, install, make_certificate, tls_config

pytestmark = [pytest.mark.kafka, pytest.mark.faults]

COLUMNS = {"id": "UUID", "at": "DateTime", "number": "UInt64", "text": "String", "tags": "Array(String)"}
_TABLE = (
    f"CREATE TABLE wire.rows ({', '.join(map(' '.join, COLUMNS.items()))}) ENGINE = MergeTree ORDER BY (number, id)"
)
ROWS = 5_000
PARTS = (
    "<merge_tree><parts_to_delay_insert>5</parts_to_delay_insert>"
    "<parts_to_throw_insert>5</parts_to_throw_insert></merge_tree>"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for servers, where Debian's server can be had."""
    if not install():
        pytest.skip("no clickhouse-server, and it cannot be installed here: apt-get install clickhouse-server")
    return tmp_path_factory.mktemp("debian")


@pytest.fixture
def server(home: Path, request: pytest.FixtureRequest) -> Iterator[DebianClickHouse]:
    """A fresh server with table ``wire.rows``; a parameter is more XML for its config."""
    folder = home / f"server-{len(list(home.iterdir()))}"
    with DebianClickHouse(folder, getattr(request, "param", "")) as running:
        _sql(running, _TABLE)
        yield running


def _sql(server: DebianClickHouse, query: str) -> list[tuple[Any, ...]]:
    client = make_client(server.settings(), PASSWORD)
    try:
        return list(client.execute(query) or [])
    finally:
        client.disconnect()


def _rows(count: int = ROWS, first: int = 0) -> Encoded:
    numbers = list(range(first, first + count))
    ids = [number.to_bytes(16, "big") for number in numbers]
    tags = [[str(number), "é"] for number in numbers]
    return encode("rows", COLUMNS, [ids, numbers, numbers, [f"text {number}" for number in numbers], tags])


def _lane(settings: ClickHouseSettings, password: str = PASSWORD) -> Lane:
    """A lane without the settings that this old server does not know (115)."""
    return Lane(settings, password, "wire", (0.01, 0.1), insert_settings={})


def _store(lane: Lane, encoded: Encoded, retries: list[str]) -> None:
    """Inserts until it is stored."""

    async def run() -> None:
        await lane.run(lambda stop: lane.insert(encoded, "token", stop, retries.append))

    asyncio.run(asyncio.wait_for(run(), 60))


def _code(settings: ClickHouseSettings, encoded: Encoded, password: str = PASSWORD) -> int:
    """The code of the one failing attempt, after a check that it is the class the list says."""
    client = InsertClient(**client_options(settings, password))
    with pytest.raises(driver.Error) as failed:
        client.insert(settings.database, encoded, {})
    client.disconnect()
    return int(failed.value.code) if is_transient(failed.value) else -int(failed.value.code)


def test_rows_arrive_as_they_were_encoded(server: DebianClickHouse) -> None:
    """UUIDs from bytes, times from integers, arrays: what the real server reads back."""
    lane = _lane(server.settings())
    _store(lane, _rows(3), [])
    lane.close()
    assert _sql(server, "SELECT toString(id), toUInt32(at), number, text, tags FROM wire.rows ORDER BY number") == [
        (f"00000000-0000-0000-0000-00000000000{n}", n, n, f"text {n}", [str(n), "é"]) for n in range(3)
    ]


@pytest.mark.parametrize("server", [PARTS], indirect=True, ids=["few parts"])
def test_too_many_parts_pass_by_themselves(server: DebianClickHouse) -> None:
    """252 is no fault of the rows: tried again until merges catch up, then each row is there once."""
    _sql(server, "SYSTEM STOP MERGES wire.rows")
    lane = _lane(server.settings())
    retries: list[str] = []
    for number in range(5):
        _store(lane, _rows(1, number), retries)
    assert _code(server.settings(), _rows(1, 5)) == 252
    tried = threading.Event()
    blocked = threading.Thread(target=_store, args=(lane, _rows(1, 5), _Telling(tried)))
    blocked.start()
    assert tried.wait(60)
    _sql(server, "SYSTEM START MERGES wire.rows")
    _sql(server, "OPTIMIZE TABLE wire.rows FINAL")
    blocked.join(60)
    lane.close()
    assert _sql(server, "SELECT count(), uniqExact(number) FROM wire.rows") == [(6, 6)]


class _Telling(list[str]):
    """A list that tells when something is put into it."""

    def __init__(self, told: threading.Event) -> None:
        super().__init__()
        self._told = told

    def append(self, what: str) -> None:
        super().append(what)
        self._told.set()


def test_codes_are_classed_as_they_come(server: DebianClickHouse) -> None:
    """Real codes: positive here where an attempt later may succeed, negative where it never will."""
    settings = server.settings()
    limited = InsertClient(**client_options(settings, PASSWORD), settings={"max_memory_usage": 1_000})
    with pytest.raises(driver.ServerException) as failed:
        limited.insert("wire", _rows(), {})
    limited.disconnect()
    assert (failed.value.code, is_transient(failed.value)) == (241, True)
    assert _code(server.settings(READER), _rows()) == -164
    assert _code(settings, encode("nowhere", COLUMNS, [[b"0" * 16], [1], [1], [""], [[]]])) == -60
    assert _code(settings.model_copy(update={"database": "nowhere"}), _rows()) == -81
    assert _code(settings, encode("rows", {"missing": "UInt8"}, [[1]])) == -16
    assert _code(settings.model_copy(update={"user": "nobody"}), _rows()) == -192
    assert _code(settings, _rows(), "wrong") == -193


def test_a_refusal_hides_what_the_server_said(server: DebianClickHouse) -> None:
    """Of a wrong password the log learns the code."""
    lane = _lane(server.settings(), "hidden-word")
    with pytest.raises(Refused, match="rows: code 193") as refused:
        _store(lane, _rows(), [])
    lane.close()
    assert refused.value.__suppress_context__
    assert "hidden-word" not in str(refused.value)


def test_nobody_listens_then_somebody_does(server: DebianClickHouse) -> None:
    """The server is down when the insert begins; it is stored when the server is back."""
    server.kill()
    lane = _lane(server.settings())
    retries = _Telling(tried := threading.Event())
    waiting = threading.Thread(target=_store, args=(lane, _rows(), retries))
    waiting.start()
    assert tried.wait(60)
    server.start()
    waiting.join(60)
    lane.close()
    assert _sql(server, "SELECT count(), uniqExact(number) FROM wire.rows") == [(ROWS, ROWS)]


@pytest.mark.parametrize("cut", [Cut.MID_TRANSFER, Cut.LOST_ANSWER])
def test_kill_9_in_the_middle_of_an_insert(cut: Cut, server: DebianClickHouse) -> None:
    """The server dies mid-transfer, or after it stored and before its word arrived: no row is missing, none is torn.

    This old server knows no tokens, so a lost answer stores the same rows again: what FINAL or the token is for.
    """
    retries: list[str] = []

    async def run() -> None:
        proxy = Proxy(("127.0.0.1", server.port)).cut(cut, after=100_000)
        with proxy:
            lane = _lane(server.settings().model_copy(update={"port": proxy.port}))
            storing = asyncio.create_task(lane.run(lambda stop: lane.insert(_rows(), "token", stop, retries.append)))
            await asyncio.to_thread(proxy.done.wait)
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await storing
            await asyncio.to_thread(lane.close)

    asyncio.run(asyncio.wait_for(run(), 60))
    assert retries
    copies = _sql(
        server,
        "SELECT uniqExact(number), min(n), max(n) FROM (SELECT number, count() AS n FROM wire.rows GROUP BY number)",
    )
    assert copies == [(ROWS, 1, 1)] if cut is Cut.MID_TRANSFER else copies in ([(ROWS, 1, 1)], [(ROWS, 2, 2)])


def test_a_stopped_insert_is_in_doubt(server: DebianClickHouse) -> None:
    """Nobody listens and the worker stops: the caller learns that nothing is sure."""
    server.kill()
    lane = _lane(server.settings())

    async def run() -> None:
        tried = asyncio.Event()
        loop = asyncio.get_running_loop()

        def tell(_table: str) -> None:
            loop.call_soon_threadsafe(tried.set)

        storing = asyncio.create_task(lane.run(lambda stop: lane.insert(_rows(), "t", stop, tell)))
        await tried.wait()
        await asyncio.to_thread(lane.close)
        with pytest.raises(InDoubt):
            await storing

    asyncio.run(asyncio.wait_for(run(), 60))


def test_reading_with_a_users_password(server: DebianClickHouse) -> None:
    """The reader may read and no more."""
    reader: Client = make_client(server.settings(READER), PASSWORD)
    assert reader.execute("SELECT count() FROM wire.rows") == [(0,)]
    with pytest.raises(driver.ServerException) as failed:
        reader.execute("DROP TABLE wire.rows")
    reader.disconnect()
    assert failed.value.code == 164


def test_tls_checks_the_certificate(home: Path, tmp_path: Path) -> None:
    """With the authority's certificate rows arrive; without it the server is a stranger, however long we try."""
    certificate, port = make_certificate(tmp_path), free_port()
    with DebianClickHouse(home / "tls", tls_config(tmp_path, port)) as server:
        plain = server.settings()
        _sql(server, _TABLE)
        known = plain.model_copy(update={"port": port, "secure": True, "ca_certs": certificate})
        lane = _lane(known)
        _store(lane, _rows(), [])
        lane.close()
        assert _sql(server, "SELECT count() FROM wire.rows") == [(ROWS,)]
        stranger = make_client(known.model_copy(update={"ca_certs": None}), PASSWORD)
        with pytest.raises(driver.NetworkError, match="CERTIFICATE_VERIFY_FAILED"):
            stranger.execute("SELECT 1")
