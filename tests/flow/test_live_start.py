"""Workers started too early, ended too early, and fed with old files, on Apache Kafka."""

import json
import os
import signal
import socket
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.encode import decode
from streams.records import Event, Outcome
from streams.warehouse.embedded.store import ADDRESS_FILE, StoreAddress, open_store
from streams.warehouse.queries import raw_holes
from tests.flow.conftest import Install
from tests.flow.live import ENRICHED, RAW, Installation, leave
from tests.flow.live_witness import read_all
from tests.kafka.waiting import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
ROLES = ("enrich", "sessions")
OUR_CLOCKS = {"THALWEG_DISORDER": "600", "THALWEG_SESSIONS__LATENESS": "600", "THALWEG_SESSIONS__DEDUP_WINDOW": "3600"}
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "curl/8.9.1")


def closed_port() -> int:
    """Where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("role", ROLES)
def test_before_the_broker_is_up_a_worker_says_so(install: Install, role: str) -> None:
    """Exit 4 in words; whoever started it starts it again."""
    brokers = f"127.0.0.1:{closed_port()}"
    ended = install(brokers=brokers).command("worker", role)

    assert ended.returncode == 4, ended.stderr
    assert f"no answer from Kafka at {brokers}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_before_topics_exist_a_worker_names_what_is_missing(install: Install) -> None:
    """Exit 4; and no topic is made by asking for it. A changelog of another number of partitions is refused too."""
    installation = install()
    for role, topic in (("enrich", installation.raw), ("sessions", installation.enriched)):
        ended = installation.command("worker", role)
        assert ended.returncode == 4, ended.stderr
        assert f"there is no topic {topic}" in ended.stderr
    installation.make_topics(changelog=ENRICHED + 1)
    ended = installation.command("worker", "sessions")
    assert ended.returncode == 4, ended.stderr
    assert f"{installation.changelog} has 5 partitions, and {installation.enriched} has 4" in ended.stderr


def test_while_the_store_is_down_a_sessions_worker_says_so_and_starts_well_later(
    install: Install, store: StoreAddress
) -> None:
    """Exit 3: nobody listens, then a store without tables; after `thalweg migrate` it takes part."""
    installation = install()
    installation.make_topics()
    down = installation.command("worker", "sessions", THALWEG_CLICKHOUSE__PORT=str(closed_port()))
    empty = installation.command("worker", "sessions")
    migrated = installation.command("migrate")
    installation.start("sessions")
    installation.await_ready("sessions")

    assert down.returncode == 3, down.stderr
    assert "does not let us in" in down.stderr
    assert empty.returncode == 3, empty.stderr
    assert "thalweg migrate" in empty.stderr
    assert "Traceback" not in down.stderr + empty.stderr
    assert migrated.returncode == 0, migrated.stderr


@pytest.mark.parametrize("so_far", ["", "Updating subscribed", "Setting newly assigned"])
def test_sigterm_while_they_start_ends_workers(install: Install, so_far: str) -> None:
    """At any moment: they leave, without a traceback, by the signal, interrupted, or cleanly."""
    installation = install()
    installation.make_topics()
    assert installation.command("migrate").returncode == 0
    workers = [installation.start(role) for role in ROLES]
    logs = [installation.log(role, number) for number, role in enumerate(ROLES)]
    for worker, log in zip(workers, logs, strict=True):
        wait_until(lambda log=log: so_far in log.read_text(), 40, f"{log.name}: {so_far}")  # type: ignore[misc]
        worker.send_signal(signal.SIGTERM)
    codes = [worker.wait(30) for worker in workers]

    print(f"exit codes {codes}")
    for code, log in zip(codes, logs, strict=True):
        assert code in (0, 130, -signal.SIGTERM), log.read_text()
        assert "Traceback" not in log.read_text(), log.read_text()


def test_a_sessions_worker_leaves_while_the_store_is_frozen(install: Install, tmp_path: Path) -> None:
    """The store takes connections and says nothing. SIGTERM: what hangs is given up, not acknowledged, and comes again
    once the store lives.
    """
    with open_store(tmp_path / "store") as address:
        server = json.loads((tmp_path / "store" / ADDRESS_FILE).read_bytes())["pid"]
        installation = install(store=address)
        installation.make_topics()
        assert installation.command("migrate").returncode == 0
        for role in ROLES:
            worker = installation.start(role, THALWEG_KAFKA__REBALANCE_TIMEOUT="5", **OUR_CLOCKS)
            installation.await_ready(role)
        os.kill(server, signal.SIGSTOP)
        try:
            assert load(installation, old_log(tmp_path)).returncode == 0
            wait_until(lambda: enriched(installation) >= 46, 20, "events on the enriched topic")
            code = leave(worker, 40)  # the driver waits 60 s for an answer
        finally:
            os.kill(server, signal.SIGCONT)
        installation.start("sessions", **OUR_CLOCKS)
        await_outcomes(installation, 46)

        assert code == 0


def enriched(installation: Installation) -> int:
    """How many records of events and outcomes lie on the enriched topic."""
    words = [decode(record.value) for record in read_all(installation.brokers, {installation.enriched: ENRICHED})]
    return sum(isinstance(word, Event | Outcome) for word in words)


def test_an_old_file_is_late_in_live_mode(install: Install, tmp_path: Path) -> None:
    """Design §4: arrival is never more than `disorder` before the log's time, so old lines are late, stored, and in no
    session; lines of now are on time; beyond `max_age` they are dead. A second load adds no event.
    """
    installation = install()
    installation.make_topics()
    assert installation.command("migrate").returncode == 0
    for role in ROLES:
        installation.start(role, THALWEG_FORMAT="combined", **OUR_CLOCKS)
        installation.await_ready(role)
    file = old_log(tmp_path)
    loads = [load(installation, file), load(installation, file)]
    await_outcomes(installation, 2 * 46)
    client = installation.client()
    outcomes = Counter(
        {
            (o, r): n
            for o, r, n in client.execute(
                f"SELECT outcome, reason, sum(n) FROM {installation.database}.ledger GROUP BY ALL"
            )
        }
    )
    events = client.execute(
        "SELECT count(), countIf(is_late = 1), uniqExact(event_id),"
        " countIf(is_late = 1 AND session_id != toUUID('00000000-0000-0000-0000-000000000000'))"
        f" FROM {installation.database}.events_v"
    )
    raw = read_all(installation.brokers, {installation.raw: RAW})
    holes = [
        raw_holes(client, installation.database, f"{installation.raw}@1", k, 0, sum(r.partition == k for r in raw) - 1)
        for k in range(RAW)
    ]
    client.disconnect()

    assert [done.returncode for done in loads] == [0, 0], loads
    assert "46 records on" in loads[0].stdout
    assert outcomes == {
        ("accepted", ""): 4,
        ("duplicate", "copy"): 4,
        ("late", "lateness"): 80,
        ("dead", "time_range"): 4,
    }
    assert events == [(44, 40, 44, 0)]
    assert holes == [[]] * RAW
    assert [leave(worker) for worker in installation.running] == [0, 0]


def old_log(folder: Path) -> Path:
    """40 lines three days old, 2 of two years ago, 4 of now."""
    now = datetime.now(UTC)
    days = [(730, 2), (3, 40), (0, 4)]
    moments = [now - timedelta(days=age, seconds=-n if age else n) for age, count in days for n in range(count)]
    lines = [
        f"198.51.100.{n % 5 + 1} - - [{when:%d/%b/%Y:%H:%M:%S +0000}]"
        f' "GET /p/{n} HTTP/1.1" 200 512 "-" "{AGENTS[n % 2]}"\n'
        for n, when in enumerate(moments)
    ]
    file = folder / "access.log"
    file.write_text("".join(lines))
    return file


def load(installation: Installation, file: Path) -> "subprocess.CompletedProcess[str]":
    """`thalweg load`."""
    return installation.command("load", str(file), "--format", "combined", **OUR_CLOCKS)


def await_outcomes(installation: Installation, count: int) -> None:
    """Until so many raw records are accounted for."""
    client = installation.client()
    query = f"SELECT count() FROM {installation.database}.outcomes FINAL"
    wait_until(lambda: client.execute(query)[0][0] >= count, 30, f"{count} outcomes")
    client.disconnect()
