"""When a partition counts as heard up to its head: only behind everything that stands before it."""

import asyncio
import time
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka.structs import ConsumerRecord
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

from streams.kafka.app import make_app
from streams.kafka.consumer import BatchConsumer
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.lane import Limits
from streams.settings import Settings
from tests.kafka.records import record
from tests.kafka.waiting import wait_until
from tests.kafka.workers import Bench

FIRST, SECOND = TP("raw", 0), TP("raw", 1)
NOW = 1_800_000_000.0


def test_a_head_behind_records_on_their_way_is_not_heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two partitions come with one fetch, and the next finds both at their heads, before the second is handed out."""

    async def fetched(*_: Any, **__: Any) -> dict[TP, list[ConsumerRecord]]:
        return {FIRST: [record(0, b"a")], SECOND: [record(0, b"b")]}

    async def story() -> None:
        app = make_app("enrich", Settings(data_dir=tmp_path))
        app.batch_topics["raw"] = Limits(10, 1000, 0.0)
        consumer = cast("BatchConsumer", app.consumer)
        thread = consumer._own_thread

        async def take(_: float) -> tuple[Any, set[TP]]:
            return await thread._fetch_records(cast("Any", None), {FIRST, SECOND}), set()

        monkeypatch.setattr(AIOKafkaConsumerThread, "_fetch_records", fetched)
        monkeypatch.setattr(thread, "_position", lambda _: 1)
        monkeypatch.setattr(consumer, "highwater", lambda _: 1)
        monkeypatch.setattr(consumer, "_wait_next_records", take)
        consumer._sought = consumer.flow_active = True
        slices = consumer.getmany(1.0)
        _, first = await anext(slices)
        thread.heads.update({("raw", 0): (1, NOW), ("raw", 1): (1, NOW)})

        assert (consumer.heard_head(FIRST), consumer.heard_head(SECOND)) == (None, None)
        _, second = await anext(slices)
        assert [each async for each in slices] == []
        assert (consumer.heard_head(FIRST), consumer.heard_head(SECOND)) == (None, None)
        consumer.ack(second)
        assert (consumer.heard_head(FIRST), consumer.heard_head(SECOND)) == (None, NOW)
        consumer.ack(first)
        assert (consumer.heard_head(FIRST), consumer.heard_head(SECOND)) == (NOW, NOW)
        thread.thread_loop.close()

    asyncio.run(story())


def test_an_end_without_records_is_nothing_to_wait_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A transaction's marker, or what retention deleted, comes to nobody: the worker is idle, not stuck."""

    async def story() -> None:
        app = make_app("enrich", Settings(data_dir=tmp_path))
        app.batch_topics["raw"] = Limits(10, 1000, 0.0)
        consumer = cast("BatchConsumer", app.consumer)
        thread, position = consumer._own_thread, [4]
        monkeypatch.setattr(thread, "_position", lambda _: position[0])
        monkeypatch.setattr(thread, "known_end", lambda _: 5)
        consumer._active_partitions = {FIRST}
        consumer._delivered[FIRST] = 4

        assert consumer.waits()  # not read yet
        position[0] = 5
        assert not consumer.waits()  # read: there was no record
        thread.on_its_way.add(FIRST)
        assert consumer.waits()  # there was one
        thread.thread_loop.close()

    asyncio.run(story())


@pytest.mark.parametrize("taken", [True, False])
def test_a_commit_that_came_too_late_is_not_remembered(
    taken: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Evicted before its first commit, a worker finds no offset of the group's: nobody has made the topic anew."""

    async def story() -> None:
        app = make_app("enrich", Settings(data_dir=tmp_path))
        consumer = cast("BatchConsumer", app.consumer)
        thread = consumer._own_thread

        async def commit(_: Any) -> bool:
            return taken

        monkeypatch.setattr(thread, "commit", commit)
        assert await consumer._commit({FIRST: 5}) is taken
        assert consumer._continuity.reached.wanted(FIRST, None) == (5 if taken else 0)
        thread.thread_loop.close()

    asyncio.run(story())


def test_a_fetch_that_failed_finds_no_head(tmp_path: Path) -> None:
    """While the broker is away time stands still, however often the worker asks: it may hold records by then."""
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        bench = Bench({"brokers": broker.bootstrap, "idempotent": False, "session_timeout": 2.0}, tmp_path, 1)
        bench.worker(heads=True)
        head = bench.folder / "out.head"
        try:
            wait_until(head.exists, 30, "the head is found")
            broker.stop()
            gone = time.time()
            wait_until(lambda: bench.log(0).count("Failed fetch") >= 2, 30, "fetches fail, again and again")
            heard = float(head.read_text())
        finally:
            bench.close()

    assert heard < gone
