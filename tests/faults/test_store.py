"""The store as a process that dies."""

from pathlib import Path

from clickhouse_driver import Client

from tests.faults.store import KillableStore


def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    """Under the same address and password."""
    store = KillableStore(tmp_path / "store")
    store.start()
    try:
        where = {"host": store.address.host, "port": store.address.port, "user": store.address.user}
        client = Client(**where, password=store.address.password)
        client.execute("CREATE TABLE default.numbers (n UInt32) ENGINE = MergeTree ORDER BY n")
        client.execute("INSERT INTO default.numbers VALUES", [(number,) for number in range(1000)])
        store.kill()
        store.start()
        client.disconnect()

        assert client.execute("SELECT count(), sum(n) FROM default.numbers") == [(1000, 499_500)]
        client.disconnect()
    finally:
        store.stop()
