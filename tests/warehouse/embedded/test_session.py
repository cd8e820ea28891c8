import fcntl
import itertools
import resource
import socket
import struct
from collections.abc import Callable

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.warehouse.embedded.session import is_readable
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.embedded.wire import string, varint
from tests.warehouse.embedded.raw import END_OF_DATA, RawClient

Connect = Callable[..., Client]
ABSURD = varint(2**63 - 1)


def assert_serves(address: StoreAddress) -> None:
    """The server still takes a client and answers it."""
    with RawClient(address) as raw:
        raw.hello()
        raw.send(varint(4))
        assert raw.reader.varint() == 4


@pytest.mark.parametrize(("user", "password"), [("default", "wrong"), ("default", ""), ("root", None), ("", None)])
def test_a_wrong_name_or_password_is_refused(address: StoreAddress, user: str, password: str | None) -> None:
    """Code 516 for both, as the engine's server says it, and the connection ends."""
    client = Client(address.host, address.port, user=user, password=address.password if password is None else password)
    with pytest.raises(ServerException) as refused:
        client.execute("SELECT 1")
    assert refused.value.code == 516
    assert address.password not in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        varint(1) + string("q"),
        b"\xff" * 100,
        varint(0) + ABSURD + b"name",
        varint(0) + string("x" * 100_000) + varint(1) + varint(1) + varint(54_468) + string("y" * 2_000_000),
    ],
    ids=["http", "tls", "query first", "endless number", "absurd length", "long name"],
)
def test_what_is_no_hello_is_answered_and_closed(address: StoreAddress, data: bytes) -> None:
    """Before the password is known nothing large is taken."""
    with RawClient(address) as raw:
        raw.send(data)
        code, words = raw.exception()
        assert code in {101, 131, 307}
        assert words
        assert raw.is_closed()
    assert_serves(address)


@pytest.mark.parametrize("size", [0, 1, 5, 12])
def test_a_client_that_leaves_in_its_hello_does_no_harm(address: StoreAddress, size: int) -> None:
    """However much of it was sent."""
    with RawClient(address) as raw:
        raw.send((varint(0) + string("raw") + varint(1) + varint(1) + varint(54_468))[:size])
    assert_serves(address)


def test_a_client_too_old_for_our_blocks_is_refused(address: StoreAddress) -> None:
    """Below revision 54429 settings travel in another form."""
    with RawClient(address) as raw:
        raw.send_hello("", address.password, revision=54_428)
        assert raw.exception()[0] == 101


@pytest.mark.parametrize(
    "data",
    [
        varint(9),
        varint(2) + string("") + END_OF_DATA,
        varint(1) + ABSURD,
        varint(1) + string("") + b"\0" + string("max_threads") + b"\0" + ABSURD,
        varint(1) + string("") + b"\0" + string("") + varint(2) + varint(0) + varint(1 << 40),
        varint(1) + string("") + b"\1" + string("") * 3 + b"\2",
    ],
    ids=["unknown packet", "data without query", "query id", "setting", "query text", "http in the client info"],
)
def test_a_malformed_packet_is_answered_and_closed(address: StoreAddress, data: bytes) -> None:
    """One client's fault is that client's end."""
    with RawClient(address) as raw:
        raw.hello()
        raw.send(data)
        assert raw.exception()[0] in {101, 131}
        assert raw.is_closed()
    assert_serves(address)


@pytest.mark.parametrize(
    "block",
    [
        varint(2**60) + varint(1),
        varint(1) + varint(2**60),
        varint(1) + varint(1) + string("s") + string("String") + ABSURD + b"abc",
        varint(1) + varint(1) + string("s") + string("String") + varint(2**64 - 1) + b"abc",
        varint(1) + varint(1) + string("s") + string("Array(String)") + struct.pack("<Q", 2**64 - 1),
        varint(1) + varint(1) + string("s") + string("LowCardinality(String)") + bytes(8) + b"\xff" * 24,
        varint(1) + varint(1) + string("s") + string("Strange") + b"abc",
        varint(1) + varint(1) + ABSURD,
    ],
    ids=["columns", "rows", "string", "negative", "array", "dictionary", "type", "column name"],
)
def test_an_absurd_block_is_answered_and_leaves_no_row(address: StoreAddress, client: Client, block: bytes) -> None:
    """No memory is taken for what a length claims; a good block before it is not stored either."""
    client.execute("CREATE TABLE t (s String) ENGINE = Memory")
    with RawClient(address) as raw:
        raw.hello(database=client.connection.database)
        raw.query("INSERT INTO t VALUES")
        assert raw.reader.varint() == 1
        raw.data(varint(1) + varint(1) + string("s") + string("String") + string("good"))
        raw.data(block)
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.is_closed()
    assert client.execute("SELECT count() FROM t") == [(0,)]
    assert_serves(address)


def test_a_block_that_lies_about_its_table_is_the_engines_error(address: StoreAddress, client: Client) -> None:
    """Well-formed, but of other columns: the engine's words come back and the connection goes on."""
    client.execute("CREATE TABLE t (a UInt8) ENGINE = Memory")
    with RawClient(address) as raw:
        raw.hello(database=client.connection.database)
        raw.query("INSERT INTO t VALUES")
        raw.sample(string("a") + string("UInt8"))
        raw.data(varint(1) + varint(1) + string("a") + string("String") + string("no number"))
        raw.send(END_OF_DATA)
        assert raw.exception()[0] in {6, 27, 53}
        raw.send(varint(4))
        assert raw.reader.varint() == 4
    assert client.execute("SELECT count() FROM t") == [(0,)]


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("cut", [0.0, 0.3, 0.9, 1.0])
def test_a_client_that_vanishes_in_an_insert_leaves_no_row(
    address: StoreAddress, client: Client, cut: float, *, reset: bool
) -> None:
    """Wherever in its rows it goes, also after the last one: only the closing empty block makes them an insert."""
    client.execute("CREATE TABLE t (s String, n UInt64) ENGINE = MergeTree ORDER BY n")
    strings = b"".join(string(f"row {n}") for n in range(1000))
    numbers = string("n") + string("UInt64") + struct.pack("<1000Q", *range(1000))
    block = varint(2) + varint(1000) + string("s") + string("String") + strings + numbers
    with RawClient(address) as raw:
        raw.hello(database=client.connection.database)
        raw.query("INSERT INTO t VALUES")
        raw.data(block)
        raw.data(block[: int(len(block) * cut)])
        if reset:
            raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert_serves(address)
    assert client.execute("SELECT count() FROM t") == [(0,)]


def test_external_tables_are_refused_and_the_connection_goes_on(client: Client) -> None:
    """They are read away, so that the next statement is found."""
    table = {"name": "ext", "structure": [("a", "Int32"), ("s", "String")], "data": [{"a": 1, "s": "x"}]}
    with pytest.raises(ServerException) as refused:
        client.execute("SELECT * FROM ext", external_tables=[table])
    assert refused.value.code == 48
    assert client.execute("SELECT 1") == [(1,)]


def test_compression_is_refused_in_words(address: StoreAddress) -> None:
    """On loopback it would only cost."""
    with RawClient(address) as raw:
        raw.hello()
        raw.query("SELECT 1", compressed=True)
        code, words = raw.exception()
    assert code == 48
    assert "compression=False" in words


def test_a_cancel_ends_an_endless_result(client: Client) -> None:
    """And the same connection answers the next query."""
    rows = client.execute_iter("SELECT number FROM system.numbers")
    assert list(itertools.islice(rows, 3)) == [(0,), (1,), (2,)]
    client.cancel()
    assert client.execute("SELECT 1") == [(1,)]


def test_a_cancel_before_any_row_ends_an_insert_without_rows(address: StoreAddress, client: Client) -> None:
    """Code 394."""
    client.execute("CREATE TABLE t (a UInt8) ENGINE = Memory")
    with RawClient(address) as raw:
        raw.hello(database=client.connection.database)
        raw.query("INSERT INTO t VALUES")
        raw.sample(string("a") + string("UInt8"))
        raw.data(varint(1) + varint(1) + string("a") + string("UInt8") + b"\7")
        raw.send(varint(3))
        assert raw.exception()[0] == 394
    assert client.execute("SELECT count() FROM t") == [(0,)]


def test_a_client_that_leaves_an_endless_result_frees_its_session(address: StoreAddress, client: Client) -> None:
    """The query stops with it: it does not go on counting for nobody."""
    with RawClient(address) as raw:
        raw.hello()
        raw.query("SELECT number AS left_alone FROM system.numbers")
        raw.reader.skip(1000)
    running = "SELECT count() FROM system.processes WHERE query LIKE '%left_alone%' AND query NOT LIKE '%processes%'"
    for _ in range(1000):
        if client.execute(running) == [(0,)]:
            break
    assert client.execute(running) == [(0,)]


@given(st.lists(st.binary(min_size=1, max_size=60) | st.sampled_from([varint(n) for n in range(5)]), max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_bytes_after_hello_end_at_worst_that_connection(address: StoreAddress, parts: list[bytes]) -> None:
    """The server answers or closes, and serves the next client."""
    with RawClient(address) as raw:
        raw.hello()
        raw.send(b"".join(parts))
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.is_closed()
    assert_serves(address)


def test_a_client_behind_a_thousand_open_files_is_heard() -> None:
    """Large queries open thousands of files: a connection's number may be above 1023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        ours, theirs = socket.socketpair()
        with ours, theirs, socket.socket(fileno=fcntl.fcntl(ours, fcntl.F_DUPFD, 1024)) as high:
            before = is_readable(high)
            theirs.send(b"x")
            after = is_readable(high)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert (before, after) == (False, True)
