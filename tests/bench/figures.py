"""Figures of the session fold, each by a process of its own: python -m tests.bench.figures NAME SIZE RESULT_FILE.

fold: CPU per event with changelog values, batches of 10,000, over SIZE simulated events. open_session: growth of the
resident set per open session of 20 events, over SIZE sessions. recovery: seconds from a changelog of SIZE visitors in a
broker to a fold that is ready. idle_marker: CPU per marker while SIZE visitors are held of whom none is due.
"""

import asyncio
import ctypes
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.agents.worker import COLLECT
from streams.kafka.admin import create_topics
from streams.kafka.app import make_app
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.producer import BatchProducer
from streams.kafka.security import plain
from streams.kafka.state import changelog_topic, make_state
from streams.records import OWN_KEY
from streams.sessionize.shared import SharedTexts
from streams.settings import Settings, load_settings
from tests.bench.partition import BEGIN, Partition, heard, waves
from tests.bench.traffic import enriched, journeys

ROOT = Path(__file__).parents[2]
BATCH, LENGTH, PER_WAVE = 10_000, 20, 5
_PAGE = 4096
_SIMULATED = 20_000


class Figure(msgspec.Struct, frozen=True):
    """``n``: events, sessions or visitors it was measured over."""

    name: str
    n: int
    value: float
    unit: str


def fold_cost(events: int) -> Figure:
    """Records are decoded before; values are kept, and garbage looked for, as the worker does."""
    gc.set_threshold(*COLLECT)
    records = enriched(events)
    partition = Partition()
    partition.take([heard(0)])
    began = time.process_time()
    for at in range(0, len(records), BATCH):
        partition.take(records[at : at + BATCH])
    return Figure("fold", len(records), round((time.process_time() - began) * 1e6 / len(records), 2), "us/event")


def open_session(sessions: int) -> Figure:
    """After the first tenth, so that what is there once is not counted."""
    partition, paths = Partition(), journeys(_SIMULATED, LENGTH)
    enriched.cache_clear()
    step = BATCH // PER_WAVE
    partition.take([heard(BEGIN)])
    before, known = 0, 0
    for begin in range(0, sessions, step):
        for batch in waves(paths, step, PER_WAVE, begin):
            partition.take(batch)
        if not before and begin >= sessions // 10:
            before, known = _resident(), len(partition.table)
    return Figure("open_session", sessions, round((_resident() - before) / (len(partition.table) - known)), "B/session")


def _resident() -> int:
    """Without what the allocator keeps for later: the events of past batches would hide what grows."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def idle_marker(visitors: int) -> Figure:
    """Time goes on, and nothing is due: markers a second apart."""
    partition = Partition(_held(visitors))
    markers = 2000
    began = time.process_time()
    for at in range(markers):
        partition.take([heard(BEGIN + at)])
    return Figure("idle_marker", visitors, round((time.process_time() - began) * 1e6 / markers, 1), "us/marker")


def recovery(visitors: int) -> Figure:
    """Fetch, apply, index: Faust's own part, which orders them, is left out."""
    with tempfile.TemporaryDirectory(prefix="thalweg-bench-") as name:
        folder = Path(name)
        with EmbeddedBroker(folder / "broker.log") as broker:
            settings = load_settings(None)
            kafka = settings.kafka.model_copy(update={"brokers": broker.bootstrap, "idempotent": False})
            settings = settings.model_copy(update={"kafka": kafka, "data_dir": folder})
            seconds = asyncio.run(_recover(settings, visitors))
    return Figure("recovery", visitors, round(seconds, 2), "s")


async def _recover(settings: Settings, visitors: int) -> float:
    topic = changelog_topic(settings)
    await create_topics(plain(settings.kafka.brokers), {topic: (1, {})})
    await _write(settings, topic, _held(visitors))
    state = make_state(make_app("sessions", settings), "state", 1, SharedTexts)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.brokers,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=settings.kafka.fetch_max_bytes,
    )
    await consumer.start()
    consumer.assign([TopicPartition(topic, 0)])
    began = time.monotonic()
    while OWN_KEY not in state.view(0):  # the last record
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            state.apply_records(0, records)
    partition = Partition(state.memory(0))
    seconds = time.monotonic() - began
    await consumer.stop()
    assert len(partition.table) == visitors + 1
    return seconds


async def _write(settings: Settings, topic: str, values: dict[bytes, bytes]) -> None:
    own = values.pop(OWN_KEY)
    producer = BatchProducer(settings)
    await producer.start()
    items = list(values.items())
    for at in range(0, len(items), BATCH):
        await producer.send(topic, 0, [(key, value, ()) for key, value in items[at : at + BATCH]])
    await producer.send(topic, 0, [(OWN_KEY, own, ())])
    await producer.stop()


def _held(visitors: int) -> dict[bytes, bytes]:
    """Values of so many visitors with an open session of five events: a few thousand real ones under other keys."""
    real = Partition({})
    real.take([heard(BEGIN)])
    for batch in waves(journeys(_SIMULATED, PER_WAVE), min(visitors, 2000), PER_WAVE):
        real.take(batch)
    own = real.table.pop(OWN_KEY)
    values = list(real.table.values())
    copies = {b"v%16d" % at + b"shop": bytes(bytearray(values[at % len(values)])) for at in range(visitors)}
    return {**copies, OWN_KEY: own}


FIGURES: dict[str, Callable[[int], Figure]] = {
    "fold": fold_cost,
    "open_session": open_session,
    "recovery": recovery,
    "idle_marker": idle_marker,
}


def figure(name: str, size: int, folder: Path, limit_s: float) -> Figure:
    """Measured in a process of its own. Raises CalledProcessError, TimeoutExpired."""
    result = folder / f"{name}.json"
    command = [sys.executable, "-m", "tests.bench.figures", name, str(size), str(result)]
    subprocess.run(command, check=True, cwd=ROOT, timeout=limit_s)
    return msgspec.json.decode(result.read_bytes(), type=Figure)


if __name__ == "__main__":
    _name, _size, _result = sys.argv[1:4]
    Path(_result).write_bytes(msgspec.json.encode(FIGURES[_name](int(_size))))
