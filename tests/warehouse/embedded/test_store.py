import os
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread

import msgspec
import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from streams.errors import StoreError
from streams.warehouse.embedded.store import (
    ADDRESS_FILE,
    LOG_FILE,
    ServerRecord,
    StoreAddress,
    find_store,
    is_alive,
    make_store_dir,
    open_store,
)

SECONDS = 40
"""How long a process may take to come up or go on a busy machine."""
SERVE = [sys.executable, "-m", "streams.warehouse.embedded"]
STARTER = """
import sys
from pathlib import Path
from streams.warehouse.embedded.store import open_store
with open_store(Path(sys.argv[1])) as address:
    print("ready", flush=True)
    sys.stdin.read()
"""


def client_of(address: StoreAddress, **options: object) -> Client:
    """A driver's client."""
    return Client(address.host, address.port, user=address.user, password=address.password, **options)


def query(address: StoreAddress, text: str) -> object:
    """What a client of its own gets."""
    with client_of(address) as client:
        return client.execute(text)


def record_of(path: Path) -> ServerRecord:
    """What server.json says."""
    return msgspec.json.decode((path / ADDRESS_FILE).read_bytes(), type=ServerRecord)


@contextmanager
def serving(path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", StoreAddress]]:
    """A server that is this process's own child, without open_store."""
    server = subprocess.Popen([*SERVE, str(path), "--die-with-parent"], stderr=subprocess.PIPE)
    assert server.stderr is not None
    try:
        for line in server.stderr:
            if b"engine" in line:
                break
        address = find_store(path)
        assert address is not None
        yield server, address
    finally:
        server.kill()
        server.wait(SECONDS)
        server.stderr.close()


def ended(pid: int) -> bool:
    """Whether a process that is not our child ends in time."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([fd], [], [], SECONDS)[0])
    finally:
        os.close(fd)


def test_a_store_is_for_its_owner_only(store_path: Path, address: StoreAddress) -> None:
    """Folder 0700; the file with the password, and the log, 0600; the password does not show in a repr."""
    assert stat.S_IMODE(store_path.stat().st_mode) == 0o700
    assert stat.S_IMODE((store_path / ADDRESS_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((store_path / LOG_FILE).stat().st_mode) == 0o600
    query(address, "CREATE TABLE default.of_mine (n UInt8) ENGINE = MergeTree ORDER BY n AS SELECT 1 AS n")
    files = list(store_path.rglob("*"))
    assert any(file.name == "columns.txt" for file in files)
    assert [file for file in files if not file.is_symlink() and stat.S_IMODE(file.stat().st_mode) & 0o077] == []
    query(address, "DROP TABLE default.of_mine SYNC")
    assert address.host == "127.0.0.1"
    assert len(address.password) >= 32
    assert address.password not in repr(address)
    assert address.password not in (store_path / LOG_FILE).read_text()


def test_a_folder_that_was_there_is_closed_to_others_if_it_is_a_stores(tmp_path: Path) -> None:
    """Empty, or a store already; one with other files keeps its mode."""
    modes = {}
    for name, inside in (("empty", None), ("store", "data/metadata"), ("home", "data")):
        (tmp_path / name).mkdir(mode=0o755)
        if inside:
            (tmp_path / name / inside).mkdir(parents=True)
        make_store_dir(tmp_path / name)
        modes[name] = stat.S_IMODE((tmp_path / name).stat().st_mode)
    assert modes == {"empty": 0o700, "store": 0o700, "home": 0o755}


def test_a_store_can_be_opened_while_another_stops(tmp_path: Path) -> None:
    """The second waits until the first one's running statement has ended."""
    sleep = "SELECT sum(sleepEachRow(0.1)) FROM numbers(20) SETTINGS max_block_size = 1"
    running = "SELECT count() FROM system.processes WHERE query LIKE '%sum(sleep%' AND query NOT LIKE '%processes%'"
    with serving(tmp_path) as (server, address), client_of(address) as client, client_of(address) as watcher:
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(client.execute, sleep)
            while not answer.done() and watcher.execute(running) == [(0,)]:
                pass
            server.terminate()
            while find_store(tmp_path) is not None:
                pass
            with open_store(tmp_path) as next_address:
                assert query(next_address, "SELECT 1") == [(1,)]
            assert answer.result(SECONDS) == [(0,)]
        assert server.wait(SECONDS) == 0


def test_a_starter_waits_for_who_uses_its_server(tmp_path: Path) -> None:
    """It stops the server when the other is done; who comes meanwhile gets a server of its own."""
    starter = open_store(tmp_path)
    starter.__enter__()
    pid = record_of(tmp_path).pid
    with ThreadPoolExecutor(2) as pool:
        with open_store(tmp_path) as attached:
            leaving = pool.submit(starter.__exit__, None, None, None)
            for _ in range(30):
                assert query(attached, "SELECT 1") == [(1,)]
        leaving.result(SECONDS)
        assert not is_alive(pid)
        with open_store(tmp_path) as address:
            assert query(address, "SELECT 1") == [(1,)]


def test_a_running_store_is_found_and_used_by_others(store_path: Path, address: StoreAddress, server_pid: int) -> None:
    """open_store attaches, and leaves the server running when it is done."""
    assert find_store(store_path) == address
    with open_store(store_path) as attached:
        assert attached == address
        assert query(attached, "SELECT 1") == [(1,)]
    assert is_alive(server_pid)
    assert find_store(store_path) == address


def test_a_file_that_leads_nowhere_is_no_store(tmp_path: Path, address: StoreAddress) -> None:
    """No file, no JSON, a dead process, a port where nobody listens, a wrong password."""
    assert find_store(tmp_path) is None
    file = tmp_path / ADDRESS_FILE
    file.write_text("{")
    assert find_store(tmp_path) is None
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait(SECONDS)
    good = ServerRecord(address.host, address.port, os.getpid(), address.user, address.password)
    for odd in ({"pid": dead.pid}, {"port": 1}, {"password": "wrong"}):
        file.write_bytes(msgspec.json.encode(msgspec.structs.replace(good, **odd)))
        assert find_store(tmp_path) is None
    file.write_bytes(msgspec.json.encode(good))
    assert find_store(tmp_path) == address


def test_a_second_server_on_a_folder_is_refused(store_path: Path, address: StoreAddress) -> None:
    """With exit code 3 and the mend; the first one's address stays."""
    second = subprocess.run([*SERVE, str(store_path)], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert second.returncode == 3
    assert second.stderr.splitlines() == [
        f"{store_path / 'data'}: another process has this store open",
        "  mend: stop it, or use its server: it stands in server.json",
    ]
    assert find_store(store_path) == address


def test_a_taken_port_is_refused(tmp_path: Path, address: StoreAddress) -> None:
    """With exit code 3."""
    command = [*SERVE, str(tmp_path / "s"), "--port", str(address.port)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert second.returncode == 3
    assert f"cannot listen on 127.0.0.1:{address.port}" in second.stderr


def test_a_server_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    """The log's last lines stand in the error."""
    (tmp_path / "data").write_text("a file where a folder belongs")
    with pytest.raises(StoreError, match="did not come up") as refused, open_store(tmp_path):
        pass
    assert "the engine cannot open this folder" in str(refused.value)
    with pytest.raises(StoreError, match="cannot make the store's folder"), open_store(tmp_path / "data" / "s"):
        pass


def test_two_starters_at_once_share_one_server(tmp_path: Path) -> None:
    """The second waits for the first one's server; it stops with the one that started it."""
    together = Barrier(2)
    done = Barrier(2)

    def use() -> tuple[StoreAddress, int]:
        together.wait(SECONDS)
        with open_store(tmp_path / "s") as address:
            pid = record_of(tmp_path / "s").pid
            assert query(address, "SELECT 1") == [(1,)]
            done.wait(SECONDS)
        return address, pid

    with ThreadPoolExecutor(2) as pool:
        (one, pid), (two, _) = [used.result(2 * SECONDS) for used in [pool.submit(use), pool.submit(use)]]
    assert one == two
    assert not is_alive(pid)
    assert not (tmp_path / "s" / ADDRESS_FILE).exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean(tmp_path: Path, number: int) -> None:
    """With an idle client connected: exit code 0, no address left, rows kept."""
    with serving(tmp_path) as (server, address), client_of(address) as client:
        client.execute("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
        client.execute("INSERT INTO t VALUES", [(1,)])
        server.send_signal(number)
        assert server.wait(SECONDS) == 0
        assert find_store(tmp_path) is None
        assert not (tmp_path / ADDRESS_FILE).exists()
    with serving(tmp_path) as (_, address):
        assert query(address, "SELECT * FROM t") == [(1,)]


def test_a_stop_lets_a_running_statement_end(tmp_path: Path) -> None:
    """Its client gets the answer."""
    sleep = "SELECT sum(sleepEachRow(0.1)) FROM numbers(15) SETTINGS max_block_size = 1"
    running = "SELECT count() FROM system.processes WHERE query LIKE '%sum(sleep%' AND query NOT LIKE '%processes%'"
    with serving(tmp_path) as (server, address), client_of(address) as client, client_of(address) as watcher:
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(client.execute, sleep)
            while not answer.done() and watcher.execute(running) == [(0,)]:
                pass
            server.terminate()
            assert answer.result(SECONDS) == [(0,)]
        assert server.wait(SECONDS) == 0


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_server_outlives_its_starter(tmp_path: Path, number: int) -> None:
    """However the starter ends: killed, by Ctrl-C, terminated."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"ready\n"
        pid = record_of(tmp_path).pid
        starter.send_signal(number)
        starter.wait(SECONDS)
    assert ended(pid)
    assert find_store(tmp_path) is None


@pytest.mark.faults
def test_rows_acknowledged_before_kill_9_are_all_there(tmp_path: Path) -> None:
    """Three rounds of kill -9 in the middle of inserts; the batch in doubt is sent again with its token: exact."""
    sent: list[int] = []
    for number in range(3):
        with serving(tmp_path) as (server, address), client_of(address) as client:
            client.execute(
                "CREATE TABLE IF NOT EXISTS t (batch UInt32, n UInt32, s String) ENGINE = MergeTree PARTITION BY n % 4 "
                "ORDER BY n SETTINGS non_replicated_deduplication_window = 1000"
            )
            if sent:
                _check(client, sent)
            killer = Thread(target=_kill_after, args=(server, sent, len(sent) + 3 + number))
            killer.start()
            with pytest.raises((Error, EOFError, OSError)):
                _insert_for_ever(client, sent)
            killer.join(SECONDS)
    with serving(tmp_path) as (_, address), client_of(address) as client:
        _check(client, sent)


def _check(client: Client, sent: list[int]) -> None:
    """What was acknowledged is there; the last batch, in doubt, is there once after a retry."""
    count = "SELECT count() FROM t WHERE batch < %(last)s"
    assert client.execute(count, {"last": sent[-1]}) == [(2000 * (len(sent) - 1),)]
    _insert(client, sent[-1])
    assert client.execute("SELECT count(), uniqExact(batch, n) FROM t") == [(2000 * len(sent),) * 2]


def _insert_for_ever(client: Client, sent: list[int]) -> None:
    while True:
        sent.append(len(sent))
        _insert(client, sent[-1])


def _insert(client: Client, batch: int) -> None:
    settings = {"insert_deduplication_token": f"batch {batch}", "max_partitions_per_insert_block": 0}
    rows = [(batch, n, "some text") for n in range(2000)]
    client.execute("INSERT INTO t VALUES", rows, settings=settings)


def _kill_after(server: "subprocess.Popen[bytes]", sent: list[int], count: int) -> None:
    """While batch ``count`` is on its way, wherever that is."""
    while len(sent) < count:
        time.sleep(0.001)
    server.kill()
