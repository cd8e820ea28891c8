"""`make bench`: the workers beside a bare loop over the same functions and a stock Faust agent, in one run.

Rows of name, events, events_per_s, cpu_us_per_event on stdout and in bench.json; machines are noisy, so look at the
ratios. THALWEG_TEST_BENCH_EVENTS sets how many events (200,000).
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.producer import BatchProducer
from streams.kafka.state import changelog_topic
from streams.keys import Keys
from streams.load import sorted_records
from streams.run.children import Child
from streams.run.environment import bounded_settings, worker_environment
from streams.run.loading import load
from streams.settings import Settings, load_settings
from streams.simulate import write_demo
from streams.warehouse.client import make_client
from streams.warehouse.migrate import migrate
from streams.warehouse.target import Target, open_target
from tests.bench.peers import Cost, measure

EVENTS = int(os.environ.get("THALWEG_TEST_BENCH_EVENTS", "200000"))
PARTITIONS = 2
LIMIT_SECONDS = 600.0
QUIET_SECONDS = 8.0
"""A worker whose result did not change for so long is done (its batches come far more often)."""
FLUSH_ROWS = "10000"
"""Enough batches of the sessions worker to leave the first one out."""
SIDE_TOPIC = "enriched-peers"


class Bench:
    """One filled raw topic, and the processes that are measured over it, one after another."""

    def __init__(self, folder: Path, settings: Settings, target: Target) -> None:
        self._folder, self._settings, self._target = folder, settings, target

    def peer(self, name: str, **kafka: str) -> Cost:
        """One of the peers; ``kafka`` changes its settings."""
        return measure(name, self._environment(name, **kafka), self._folder, LIMIT_SECONDS)

    def worker(self, role: str, **kafka: str) -> Cost:
        """A real worker, stopped when nothing more comes."""
        result = self._folder / f"{role}-worker.json"
        command = [sys.executable, "-m", "tests.bench.measured_worker", str(result), role]
        child = Child(role, command, self._environment(f"{role}-worker", **kafka), self._folder / f"{role}-worker.log")
        child.start()
        try:
            return _settled(result, child)
        finally:
            child.stop(30)

    def _environment(self, name: str, **kafka: str) -> dict[str, str]:
        data_dir = self._folder / f"data-{name}"
        data_dir.mkdir(exist_ok=True)
        environment = worker_environment(
            self._settings, self._target, self._target.secret(self._settings), None, data_dir
        )
        changes = {f"THALWEG_KAFKA__{key.upper()}": value for key, value in kafka.items()}
        return {**environment, "THALWEG_FLUSH__ROWS": FLUSH_ROWS, **changes}


def _settled(result: Path, child: Child) -> Cost:
    """The worker's cost, once it no longer grows."""
    last, since, deadline = b"", time.monotonic(), time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        child.supervise()
        now = result.read_bytes() if result.exists() else b""
        if now != last or not now:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > QUIET_SECONDS:
            return msgspec.json.decode(last, type=Cost)
        time.sleep(0.2)
    raise TimeoutError(f"{result.name}: no end after {LIMIT_SECONDS:.0f} s")


@contextmanager
def _bench(folder: Path) -> Iterator[Bench]:
    """Broker, store and a raw topic with EVENTS simulated events that has ended."""
    with ExitStack() as stack:
        target = stack.enter_context(open_target(str(folder / "store"), load_settings(None)))
        client = make_client(target.clickhouse, target.password)
        stack.callback(client.disconnect)
        migrate(client, target.clickhouse.database)
        broker = stack.enter_context(EmbeddedBroker(folder / "broker.log").start())
        settings = bounded_settings(load_settings(None), broker.bootstrap, 1, 1, target)
        asyncio.run(_fill(folder, settings, target))
        yield Bench(folder, settings, target)


async def _fill(folder: Path, settings: Settings, target: Target) -> None:
    kafka = settings.kafka
    names = [kafka.raw_topic, kafka.enriched_topic, kafka.dead_topic, changelog_topic(settings), SIDE_TOPIC]
    await create_topics(kafka.brokers, {name: (PARTITIONS, {}) for name in names})
    source = write_demo(folder, EVENTS, 1)
    producer = BatchProducer(settings)
    await producer.start()
    records = sorted_records([source], "segment", Keys(target.secret(settings)), "", folder)
    await load(records, producer, kafka.raw_topic, PARTITIONS, lambda _: None)
    await producer.stop()


def main() -> None:
    """Measure, print, write bench.json."""
    with tempfile.TemporaryDirectory(prefix="thalweg-bench-") as name, _bench(Path(name)) as bench:
        steps: list[tuple[str, Callable[[], Cost]]] = [
            ("bare", lambda: bench.peer("bare_enrich", enriched_topic=SIDE_TOPIC)),
            ("enrich", lambda: bench.worker("enrich")),
            ("stock_take", lambda: bench.peer("stock_take", enriched_topic=SIDE_TOPIC)),
            ("bare_sessions", lambda: bench.peer("bare_sessions", generation="2")),
            ("sessions", lambda: bench.worker("sessions")),
        ]
        costs = {}
        for step, run in steps:
            costs[step] = run()
            print(f"{step} done", file=sys.stderr)
    rows = [
        {
            "name": step,
            "events": cost.events,
            "events_per_s": round(cost.events_per_s, 1),
            "cpu_us_per_event": round(cost.cpu_us_per_event, 2),
        }
        for step, cost in costs.items()
    ]
    Path("bench.json").write_text(json.dumps(rows, indent=1) + "\n")
    Console().print(_table(rows, costs))


def _table(rows: list[dict[str, object]], costs: dict[str, Cost]) -> Table:
    """The rows with two ratios to their bare loop: of throughput, and of CPU per event."""
    table = Table("name", "events", "events/s", "CPU us/event", "speed / bare", "CPU / bare")
    for row in rows:
        name = str(row["name"])
        cost, bare = costs[name], costs["bare_sessions" if "sessions" in name else "bare"]
        speed, cpu = cost.events_per_s / bare.events_per_s, cost.cpu_us_per_event / bare.cpu_us_per_event
        table.add_row(*(str(value) for value in row.values()), f"{speed:.2f}", f"{cpu:.2f}")
    return table


if __name__ == "__main__":
    main()
