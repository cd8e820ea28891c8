"""`make bench`: the workers beside a bare loop over the same functions and a stock Faust agent, in one run.

Rows of name, events, events_per_s, cpu_us_per_event in bench.json, and with their ratios on stdout. Machines are noisy:
worker and bare loop run in turn, THALWEG_TEST_BENCH_ROUNDS times (3), and medians are compared. Where the load average
on stderr says that others work too, trust CPU more than speed. THALWEG_TEST_BENCH_EVENTS: how many events (200,000).

Then rows of name, n, value, unit: the session fold (tests/bench/figures.py). THALWEG_TEST_BENCH_SESSIONS: open
sessions held (50,000); THALWEG_TEST_BENCH_VISITORS: visitors held (100,000).
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from rich.console import Console

from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.producer import BatchProducer
from streams.kafka.security import plain
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
from tests.bench import rules
from tests.bench.figures import figure
from tests.bench.measured_worker import Reading
from tests.bench.peers import Cost, measure
from tests.bench.table import figures_table, rows_of, table_of

EVENTS = int(os.environ.get("THALWEG_TEST_BENCH_EVENTS", "200000"))
SESSIONS = int(os.environ.get("THALWEG_TEST_BENCH_SESSIONS", "50000"))
VISITORS = int(os.environ.get("THALWEG_TEST_BENCH_VISITORS", "100000"))
SIZES = {"fold": EVENTS, "open_session": SESSIONS, "recovery": VISITORS, "idle_marker": VISITORS}
ROUNDS = int(os.environ.get("THALWEG_TEST_BENCH_ROUNDS", "3"))
PARTITIONS = 2
LIMIT_SECONDS = 600.0
QUIET_SECONDS = 2.0
"""Records are counted before their effects: so long after the last are these done."""
FLUSH_ROWS = "10000"
"""Enough batches of the sessions worker to leave the first one out."""
SIDE_TOPIC = "enriched-peers"


class Bench:
    """One filled raw topic, and the processes that are measured over it, one after another."""

    def __init__(self, folder: Path, settings: Settings, target: Target, records: int) -> None:
        self._folder, self._settings, self._target, self._records = folder, settings, target, records

    def peer(self, name: str, **kafka: str) -> Cost:
        """One of the peers; ``kafka`` changes its settings."""
        return measure(name, self._environment(name, **kafka), self._folder, LIMIT_SECONDS)

    def worker(self, role: str, **kafka: str) -> Cost:
        """A real worker, stopped when it has worked off every raw record."""
        result = self._folder / f"{role}-worker.json"
        result.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.bench.measured_worker", str(result), role]
        child = Child(role, command, self._environment(f"{role}-worker", **kafka), self._folder / f"{role}-worker.log")
        child.start()
        try:
            return _finished(result, child, self._records)
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


def _finished(result: Path, child: Child, records: int) -> Cost:
    """The worker's cost, once it has counted all raw records and the last batch's effects are done too."""
    last, since, deadline = b"", time.monotonic(), time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        child.supervise()
        now = result.read_bytes() if result.exists() else b""
        if now != last:
            last, since = now, time.monotonic()
        elif now and time.monotonic() - since > QUIET_SECONDS:
            reading = msgspec.json.decode(now, type=Reading)
            if reading.records >= records:
                return reading.cost
        time.sleep(0.1)
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
        yield Bench(folder, settings, target, asyncio.run(_fill(folder, settings, target)))


async def _fill(folder: Path, settings: Settings, target: Target) -> int:
    """How many records the raw topic holds."""
    kafka = settings.kafka
    groups = [settings.model_copy(update={"kafka": kafka.model_copy(update=group(n))}) for n in range(ROUNDS)]
    changelogs = [changelog_topic(each) for each in groups]
    names = [kafka.raw_topic, kafka.enriched_topic, kafka.dead_topic, SIDE_TOPIC, *changelogs]
    await create_topics(plain(kafka.brokers), {name: (PARTITIONS, {}) for name in names})
    source = write_demo(folder, EVENTS, 1)
    producer = BatchProducer(settings)
    await producer.start()
    records = sorted_records([source], "segment", Keys(target.secret(settings)), "", folder)
    counts = await load(records, producer, kafka.raw_topic, PARTITIONS, lambda _: None)
    await producer.stop()
    return sum(counts)


def group(number: int) -> dict[str, str]:
    """Kafka settings of a round: each reads from the start, as a group of its own."""
    return {"group_prefix": f"bench{number}"}


def steps_of(bench: Bench, number: int) -> Iterator[tuple[str, Callable[[], Cost]]]:
    """The steps of a round. The sessions read what the first round enriched, each as a generation of its own."""
    output = {} if number == 0 else {"enriched_topic": SIDE_TOPIC}
    yield "bare", lambda: bench.peer("bare_enrich", enriched_topic=SIDE_TOPIC)
    yield "enrich", lambda: bench.worker("enrich", **output, **group(number))
    if number == 0:
        yield "stock_take", lambda: bench.peer("stock_take", enriched_topic=SIDE_TOPIC)
    yield "bare_sessions", lambda: bench.peer("bare_sessions", generation=str(2 * number + 2))
    yield "sessions", lambda: bench.worker("sessions", generation=str(2 * number + 1), **group(number))


def main() -> None:
    """Measure, print, write bench.json."""
    costs: defaultdict[str, list[Cost]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="thalweg-bench-") as name, _bench(Path(name)) as bench:
        for number in range(ROUNDS):
            for step, run in steps_of(bench, number):
                costs[step].append(run())
                print(f"{step} {number + 1}/{ROUNDS} done, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
            for step, cost in rules.costs():
                costs[step].append(cost)
        figures = [figure(each, size, Path(name), LIMIT_SECONDS) for each, size in SIZES.items()]
    rows = rows_of(costs)
    Path("bench.json").write_text(json.dumps(msgspec.to_builtins([*rows, *figures]), indent=1) + "\n")
    Console().print(table_of(rows))
    Console().print(figures_table(figures))


if __name__ == "__main__":
    main()
