"""The embedded run: store, broker, workers and loader in order, and down again in reverse, whatever happens."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.producer import BatchProducer
from streams.kafka.state import changelog_topic
from streams.keys import Keys
from streams.load import sorted_records
from streams.rebuild.after_run import rebuild_after_run
from streams.run.children import Child
from streams.run.environment import bounded_settings, worker_environment
from streams.run.loading import load
from streams.run.summary import Summary, count
from streams.run.waiting import Completion
from streams.settings import FormatName, Settings, load_settings
from streams.warehouse.client import make_client
from streams.warehouse.generations import next_generation
from streams.warehouse.migrate import migrate
from streams.warehouse.target import Target, open_target

PARTITIONS = 2
STOP_GRACE_SECONDS = 30.0
WORKER_COMMAND = (sys.executable, "-m", "streams.cli", "worker")


class Reporter(Protocol):
    """Told how far a run is; the command line draws it on stderr."""

    def phase(self, name: str) -> None: ...
    def loaded(self, records: int) -> None: ...
    def stored(self, outcomes: int) -> None: ...
    def restarted(self, worker: str) -> None: ...


class RunOptions(msgspec.Struct, kw_only=True, frozen=True):
    """What to run. ``worker_command`` takes the role as its last word; tests put their own there."""

    inputs: Sequence[Path]
    format: FormatName
    store: str
    app_id: str | None = None
    config: Path | None = None
    worker_command: Sequence[str] = WORKER_COMMAND


def run(options: RunOptions, reporter: Reporter) -> Summary:
    """Everything from files to final sessions. Raises ThalwegError; leaves no process behind."""
    began = time.monotonic()
    settings = load_settings(options.config, app_id=options.app_id)
    with ExitStack() as stack:
        reporter.phase("store")
        target = stack.enter_context(open_target(options.store, settings))
        work_dir = stack.enter_context(_work_dir(target))
        client = make_client(target.clickhouse, target.password)
        stack.callback(client.disconnect)
        migrate(client, target.clickhouse.database)
        generation, incarnation = next_generation(
            client, target.clickhouse.database, settings.kafka.raw_topic, settings.kafka.enriched_topic, PARTITIONS
        )
        reporter.phase("broker")
        broker = EmbeddedBroker(work_dir / "broker.log")
        broker.start()
        stack.callback(broker.stop)
        settings = bounded_settings(settings, broker.bootstrap, generation, incarnation, target)
        asyncio.run(_make_topics(settings))
        children = [_child(role, settings, options, target, work_dir) for role in ("enrich", "sessions")]
        for child in children:
            stack.callback(child.stop, STOP_GRACE_SECONDS)
            child.start()
        raw_topic = f"{settings.kafka.raw_topic}@{incarnation}"
        completion = Completion(client, target.clickhouse.database, generation, PARTITIONS, raw_topic)
        records = asyncio.run(_feed(options, settings, target, work_dir, children, completion, reporter))
        reporter.phase("stop")
        for child in children:
            child.stop(STOP_GRACE_SECONDS)
        reporter.phase("rebuild")
        asyncio.run(rebuild_after_run(client, target, settings))
        counts = count(client, target.clickhouse.database, raw_topic)
        return _summary(records, counts, children, time.monotonic() - began)


@contextmanager
def _work_dir(target: Target) -> Iterator[Path]:
    """Where logs and Faust's files go: kept in a store folder, else thrown away."""
    if target.folder is not None:
        folder = target.folder / "run"
        folder.mkdir(mode=0o700, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="thalweg-") as folder_name:
            yield Path(folder_name)


async def _make_topics(settings: Settings) -> None:
    kafka = settings.kafka
    names = [kafka.raw_topic, kafka.enriched_topic, kafka.dead_topic, changelog_topic(settings)]
    await create_topics(kafka.brokers, {name: (PARTITIONS, {}) for name in names})


def _child(role: str, settings: Settings, options: RunOptions, target: Target, work_dir: Path) -> Child:
    data_dir = work_dir / role
    data_dir.mkdir(exist_ok=True)
    env = worker_environment(settings, target, options.config, data_dir)
    return Child(role, [*options.worker_command, role], env, work_dir / f"{role}.log")


async def _feed(  # noqa: PLR0913 - one call, the parts of a run
    options: RunOptions,
    settings: Settings,
    target: Target,
    work_dir: Path,
    children: Sequence[Child],
    completion: Completion,
    reporter: Reporter,
) -> int:
    """Load everything, watch the workers, return when every record is accounted for and everything is closed."""
    watch = asyncio.create_task(_watch(children, reporter))
    try:
        reporter.phase("load")
        producer = BatchProducer(settings)
        await producer.start()
        try:
            records = sorted_records(options.inputs, options.format, Keys(target.secret), "", work_dir)
            counts = await load(records, producer, settings.kafka.raw_topic, PARTITIONS, reporter.loaded)
        finally:
            await producer.stop()
        reporter.phase("process")
        await _first_of(completion.wait(counts, reporter.stored), watch)
        return sum(counts) - PARTITIONS
    finally:
        watch.cancel()


async def _watch(children: Sequence[Child], reporter: Reporter) -> None:
    while True:
        for child in children:
            if child.supervise():
                reporter.restarted(child.name)
        await asyncio.sleep(0.2)


async def _first_of(work: Coroutine[None, None, None], watch: asyncio.Task[None]) -> None:
    """Wait for the work; a watch that gives up ends it."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    for finished in done:
        finished.result()


def _summary(records: int, counts: dict[str, int], children: Sequence[Child], seconds: float) -> Summary:
    cpu = sum(child.cpu_seconds for child in children)
    return Summary(
        records=records,
        **counts,
        restarts=sum(child.restarts for child in children),
        seconds=round(seconds, 3),
        events_per_s=round(records / seconds, 1),
        cpu_us_per_event=round(cpu * 1e6 / max(records, 1), 1),
    )
