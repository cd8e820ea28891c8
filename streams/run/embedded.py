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
from clickhouse_driver import Client

from streams.anonymize.rules import keys_of, read_rules
from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.producer import BatchProducer
from streams.kafka.security import plain
from streams.kafka.state import changelog_topic
from streams.keyring import open_ring
from streams.keys import Keys
from streams.load import sorted_records
from streams.load.lines import check_readable
from streams.outcome import Verdict
from streams.rebuild.after_run import rebuild_after_run
from streams.run.children import Child
from streams.run.environment import bounded_settings, worker_environment
from streams.run.loading import load
from streams.run.summary import Summary, count
from streams.run.waiting import Completion
from streams.settings import FileFormat, Settings, load_settings
from streams.warehouse.client import make_client
from streams.warehouse.generations import next_generation, refuse_live
from streams.warehouse.migrate import migrate
from streams.warehouse.queries import OutcomeCount, outcome_counts
from streams.warehouse.target import Target, alone, open_target

PARTITIONS = 2
STOP_GRACE_SECONDS = 30.0
WORKER_COMMAND = (sys.executable, "-m", "streams.cli", "worker")


class Reporter(Protocol):
    """Told how far a run is; the command line draws it on stderr."""

    def phase(self, name: str) -> None: ...
    def loaded(self, records: int) -> None: ...
    def stored(self, outcomes: int) -> None: ...
    def restarted(self, worker: str) -> None: ...
    def note(self, text: str) -> None: ...


class RunOptions(msgspec.Struct, kw_only=True, frozen=True):
    """What to run. ``worker_command`` takes the role as its last word; tests put their own there."""

    inputs: Sequence[Path]
    format: FileFormat
    store: str
    app_id: str | None = None
    config: Path | None = None
    worker_command: Sequence[str] = WORKER_COMMAND


class Scene(msgspec.Struct, frozen=True):
    """What a run in progress stands on."""

    options: RunOptions
    settings: Settings
    target: Target
    secret: bytes
    client: Client
    work_dir: Path
    reporter: Reporter

    @property
    def raw_topic(self) -> str:
        """The raw topic with its incarnation."""
        return f"{self.settings.kafka.raw_topic}@{self.settings.kafka.raw_incarnation}"


def run(options: RunOptions, reporter: Reporter) -> Summary:
    """Everything from files to final sessions. Raises ThalwegError; leaves no process behind."""
    began = time.monotonic()
    with ExitStack() as stack:
        scene = _set_up(stack, options, reporter)
        children = [_child(scene, role) for role in ("enrich", "sessions")]
        stack.callback(_stop, children)
        for child in children:
            child.start()
        records = asyncio.run(_feed(scene, children))
        reporter.phase("stop")
        _stop(children)
        scene.reporter.phase("rebuild")
        asyncio.run(rebuild_after_run(scene.client, scene.target, scene.settings))
        database = scene.settings.clickhouse.database
        outcomes = outcome_counts(scene.client, database, scene.raw_topic)
        _warn_of_dead(scene, records, outcomes)
        counts = count(scene.client, database, outcomes)
        return _summary(records, counts, children, time.monotonic() - began)


def _set_up(stack: ExitStack, options: RunOptions, reporter: Reporter) -> Scene:
    """Store, schema, a generation of its own, broker and topics; after a look at the input files."""
    for path in options.inputs:
        check_readable(path)
    settings = load_settings(options.config, app_id=options.app_id)
    reporter.phase("store")
    target = stack.enter_context(open_target(options.store, settings))
    stack.enter_context(alone(target))
    secret = target.secret(settings)
    open_ring(settings, keys_of(read_rules(settings.rules)), target.folder, secret)  # a store makes what it lacks
    work_dir = stack.enter_context(_work_dir(target))
    client = make_client(target.clickhouse, target.password)
    stack.callback(client.disconnect)
    kafka, database = settings.kafka, target.clickhouse.database
    migrate(client, database)
    refuse_live(client, database)
    generation, incarnation = next_generation(client, database, kafka.raw_topic, kafka.enriched_topic, PARTITIONS)
    reporter.phase("broker")
    broker = stack.enter_context(EmbeddedBroker(work_dir / "broker.log").start())
    settings = bounded_settings(settings, broker.bootstrap, generation, incarnation, target)
    asyncio.run(_make_topics(settings))
    return Scene(options, settings, target, secret, client, work_dir, reporter)


def _stop(children: Sequence[Child]) -> None:
    """Both are told at once, then waited for."""
    for child in children:
        child.terminate()
    for child in children:
        child.stop(STOP_GRACE_SECONDS)


def _warn_of_dead(scene: Scene, records: int, outcomes: Sequence[OutcomeCount]) -> None:
    """Say so when most of the input was refused: often it is of another format."""
    dead = sorted(((each.n, each.reason) for each in outcomes if each.outcome == Verdict.DEAD), reverse=True)
    if dead and sum(n for n, _ in dead) * 2 > records:
        number, reason = dead[0]
        scene.reporter.note(
            f"most records are dead letters, {number:,} of {records:,} by {reason}:"
            f" is the input {scene.options.format}?"
        )


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
    await create_topics(plain(kafka.brokers), {name: (PARTITIONS, {}) for name in names})


def _child(scene: Scene, role: str) -> Child:
    data_dir = scene.work_dir / role
    data_dir.mkdir(exist_ok=True)
    env = worker_environment(scene.settings, scene.target, scene.secret, scene.options.config, data_dir)
    return Child(role, [*scene.options.worker_command, role], env, scene.work_dir / f"{role}.log")


async def _feed(scene: Scene, children: Sequence[Child]) -> int:
    """Load everything, watch the workers, return when every record is accounted for and everything is closed."""
    completion = Completion(
        scene.client,
        scene.settings.clickhouse.database,
        scene.settings.kafka.generation,
        PARTITIONS,
        scene.raw_topic,
    )
    watch = asyncio.create_task(_watch(children, scene.reporter, completion))
    try:
        scene.reporter.phase("load")
        counts = await _load(scene)
        scene.reporter.phase("process")
        await _first_of(completion.wait(counts, scene.reporter.stored), watch)
        return sum(counts) - PARTITIONS
    finally:
        watch.cancel()


async def _load(scene: Scene) -> list[int]:
    options, topic = scene.options, scene.settings.kafka.raw_topic
    async with BatchProducer(scene.settings) as producer:
        records = sorted_records(options.inputs, options.format, Keys(scene.secret), "", scene.work_dir)
        return await load(records, producer, topic, PARTITIONS, scene.reporter.loaded)


async def _watch(children: Sequence[Child], reporter: Reporter, completion: Completion) -> None:
    while True:
        for child in children:
            if child.supervise(completion.stored):
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
