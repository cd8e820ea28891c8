"""Losses are counted where reading begins, and once."""

import asyncio
from pathlib import Path
from typing import cast

import pytest
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.app import make_app
from streams.kafka.consumer import BatchConsumer
from streams.kafka.continuity import without
from streams.kafka.lane import Limits
from streams.settings import Settings

RAW = TP("raw", 0)
offsets = st.builds(lambda start, count: range(start, start + count), st.integers(0, 20), st.integers(0, 10))


def test_what_was_deleted_unread_is_counted_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """At the first look, though no record is left to be read; neither a rebalance nor a fetch counts it again."""
    begins, losses = {RAW: 30}, []

    async def earliest(*_: TP) -> dict[TP, int]:
        return begins

    async def ends(*_: TP) -> dict[TP, int]:
        return {RAW: 60}

    async def story() -> None:
        app = make_app("enrich", Settings(data_dir=tmp_path))
        app.batch_topics["raw"] = Limits(10, 1000, 0.0)
        app.on_loss = lambda topic, partition, records: losses.append((topic, partition, records))
        consumer = cast("BatchConsumer", app.consumer)
        monkeypatch.setattr(consumer, "earliest_offsets", earliest)
        monkeypatch.setattr(consumer, "highwaters", ends)
        continuity = consumer._continuity
        for _ in range(2):
            continuity.note({RAW: 10})
            await continuity.check_begin({RAW: 10, TP("other", 0): None})
        await continuity.check(RAW, 10, 30)
        assert losses == [("raw", 0, 20)]
        begins[RAW] = 50
        await continuity.check(RAW, 40, 50)
        assert losses == [("raw", 0, 20), ("raw", 0, 10)]
        await continuity.check(RAW, 50, 55)  # compacted, or a transaction's marker
        assert losses == [("raw", 0, 20), ("raw", 0, 10)]
        await continuity.check_begin({RAW: 35})  # what was under way was given up at a rebalance: it is gone too
        assert losses == [("raw", 0, 20), ("raw", 0, 10), ("raw", 0, 5)]
        consumer._own_thread.thread_loop.close()

    asyncio.run(story())


@pytest.mark.parametrize(("end", "failed"), [(60, []), (9, ["reading raw[0]"])])
def test_a_rebalance_amid_the_look_is_no_other_topic(
    end: int, failed: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The books are emptied while the broker is asked for its ends: what it told of the group stands all the same."""
    failures: list[str] = []

    async def told(_: AIOKafkaConsumerThread) -> dict[TP, int]:
        return {RAW: 10}

    async def story() -> None:
        app = make_app("enrich", Settings(data_dir=tmp_path))
        app.batch_topics["raw"] = Limits(10, 1000, 0.0)
        consumer = cast("BatchConsumer", app.consumer)

        async def revoked_meanwhile(*_: TP) -> dict[TP, int]:
            await consumer.on_partitions_revoked({RAW})
            return {RAW: end}

        async def begins(*_: TP) -> dict[TP, int]:
            return {RAW: 0}

        async def callback(_: set[TP]) -> None:
            """The app's, which needs a running one."""

        monkeypatch.setattr(AIOKafkaConsumerThread, "seek_to_committed", told)
        monkeypatch.setattr(consumer, "_on_partitions_revoked", callback)
        monkeypatch.setattr(consumer, "highwaters", revoked_meanwhile)
        monkeypatch.setattr(consumer, "earliest_offsets", begins)
        monkeypatch.setattr(app, "fail", lambda what, _: failures.append(what))
        consumer._active_partitions = {RAW}
        await consumer.perform_seek()
        consumer._own_thread.thread_loop.close()

    asyncio.run(story())
    assert failures == failed


@given(offsets, st.lists(offsets))
def test_what_is_left_of_offsets_is_all_that_is_in_no_other(some: range, others: list[range]) -> None:
    """In order, each once."""
    left = [offset for part in without(some, others) for offset in part]

    assert left == [offset for offset in some if not any(offset in other for other in others)]
