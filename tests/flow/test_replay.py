"""Invariant 3, replay equals live: one raw log, released in three ways to production workers, gives the same tables.

``THALWEG_TEST_REPLAY_EVENTS`` sets how many lines (default 12,000).
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any, NamedTuple

import pytest
from clickhouse_driver import Client

from streams.kafka.embedded import EmbeddedBroker
from streams.simulate.options import SimulationOptions, SimulationSummary
from streams.simulate.simulation import simulate
from streams.warehouse.embedded.store import StoreAddress, open_store
from streams.warehouse.queries import raw_holes
from tests.flow.final_rows import differences, fingerprints
from tests.flow.live import RAW, Installation, leave
from tests.flow.release import DAY_MS, RawLog, Release, make_log
from tests.flow.shaken_lines import shake

pytestmark = [pytest.mark.slow]
EVENTS = int(os.environ.get("THALWEG_TEST_REPLAY_EVENTS", "12000"))
SIDE_BY_SIDE = 3 if EVENTS <= 50_000 else 1
"""Ways: small ones mostly wait, large ones fill the memory."""
PAUSES = max(8, EVENTS // 20_000)
HELD = 1
ROLES = ("enrich", "sessions")


class Way(NamedTuple):
    """How a log is released: what is done before the workers start and after, how many there are, and their flushes."""

    before: Callable[[Release], None]
    after: Callable[[Release], None]
    workers: int
    flush: dict[str, float]


def nothing(_: Release) -> None:
    """It is done before, or after."""


WAYS = {
    "paused": Way(nothing, lambda release: release.in_order_with_pauses(PAUSES), 1, {"interval": 0.1, "rows": 500}),
    "full_speed": Way(Release.at_once, nothing, 2, {"interval": 1.0}),
    "held": Way(nothing, lambda release: release.held(HELD), 1, {"interval": 0.2, "rows": 5_000}),
}


class Replayed(NamedTuple):
    """The truth, the raw log, and a store with one database per way."""

    truth: SimulationSummary
    log: RawLog
    client: Client


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    """A week of simulated traffic with late, copied and out-of-order lines, released in each way."""
    folder = tmp_path_factory.mktemp("replay")
    truth = simulate(SimulationOptions(events=EVENTS, seed=23), folder / "even", folder / "truth")
    shake(folder / "even", folder / "lines", 23)
    log = make_log(folder / "lines", 23)
    with open_store(folder / "store") as store, ExitStack() as brokers, ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        under_way = []
        for name in WAYS:
            (folder / name).mkdir()
            broker = brokers.enter_context(EmbeddedBroker(folder / name / "broker.log").start())
            under_way.append(threads.submit(release_to_workers, name, log, broker, store, folder / name))
        for each in under_way:
            each.result()
        client = Client(store.host, store.port, user=store.user, password=store.password)
        yield Replayed(truth, log, client)
        client.disconnect()


def release_to_workers(name: str, log: RawLog, broker: EmbeddedBroker, store: StoreAddress, folder: Path) -> None:
    """One way, on a broker of its own."""
    way = WAYS[name]
    config = make_config(log, way)
    installation = Installation(folder, broker.bootstrap, store, f"{name}_", raw="raw", config=config)
    began, used = time.monotonic(), getrusage(RUSAGE_CHILDREN)
    try:
        installation.make_topics(raw_config={})
        release = Release(installation, log)
        way.before(release)
        workers = [installation.start(role) for role in ROLES for _ in range(way.workers)]
        way.after(release)
        release.await_closed()
        release.close()
        assert [worker.poll() for worker in workers] == [None] * len(workers), "a worker died"
        assert [leave(worker) for worker in workers] == [0] * len(workers)
    finally:
        installation.close()
        broker.stop()
    cpu = getrusage(RUSAGE_CHILDREN).ru_utime - used.ru_utime
    also = ", the other ways' included" if SIDE_BY_SIDE > 1 else ""
    print(f"{name}: {log.size} records in {time.monotonic() - began:.0f} s, CPU {cpu:.0f} s{also}")


def make_config(log: RawLog, way: Way) -> dict[str, Any]:
    """thalweg.yaml. ``idle`` puts markers of the clock before all of the log: only the log tells the time."""
    age = (int(time.time() * 1000) - log.first_tstamp + DAY_MS) // 1000
    return {
        "idle": max(age, 1),
        "flush": way.flush,
        "kafka": {"idempotent": False, "session_timeout": 6.0, "commit_interval": 0.3},
    }


@pytest.mark.parametrize("way", ["full_speed", "held"])
def test_invariant_3_replay_equals_live(way: str, replayed: Replayed) -> None:
    """Events, sessions, outcomes and visitors are those of the log released in order with pauses, but for versions."""
    assert differences(replayed.client, "paused_thalweg", f"{way}_thalweg") == {}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_tells_the_truth(way: str, replayed: Replayed) -> None:
    """As many accepted, late, duplicate and dead as were simulated; no session stays open, none closed too early."""
    client, truth, database = replayed.client, replayed.truth, f"{way}_thalweg"
    found = {
        (outcome, reason): n
        for outcome, reason, n in client.execute(
            f"SELECT outcome, if(outcome = 'dead', '', reason), count() FROM {database}.outcomes FINAL GROUP BY ALL"
        )
    }
    sessions = client.execute(f"SELECT count(), countIf(is_final = 0) FROM {database}.sessions_v")

    print(way, found, sessions, fingerprints(client, database))
    assert found == {
        ("accepted", ""): truth.events,
        ("duplicate", "copy"): truth.copies,
        ("late", "lateness"): truth.late,
        ("dead", ""): truth.broken,
        ("empty", "blank"): RAW,
    }
    assert sessions == [(truth.sessions, 0)]


@pytest.mark.parametrize("way", WAYS)
def test_invariant_1_no_raw_offset_is_missing(way: str, replayed: Replayed) -> None:
    """Each partition's offsets are all in the ledger."""
    for partition in range(RAW):
        last = len(replayed.log.of([partition]))
        assert raw_holes(replayed.client, f"{way}_thalweg", "raw@1", partition, 0, last) == []
