import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.producer import BatchProducer, Outgoing, RecordTooLarge, SendFailed
from streams.kafka.security import plain
from streams.settings import KafkaSettings, Settings
from tests.kafka.workers import KafkaValues


async def read(
    brokers: str, topic: str, count: int
) -> list[tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]]:
    """The first ``count`` records of partition 0."""
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        found = [await asyncio.wait_for(consumer.getone(), 10) for _ in range(count)]
        return [(each.key, each.value, each.headers) for each in found]
    finally:
        await consumer.stop()


def test_many_batches_arrive_whole_and_in_order(embedded_kafka: KafkaValues) -> None:
    """Split by the largest batch, several sends one after the other, keys and headers kept."""

    async def story() -> None:
        settings = Settings(kafka=KafkaSettings(**{**embedded_kafka, "max_batch_bytes": 2000}))
        await create_topics(plain(settings.kafka.brokers), {"order": (1, {})})
        values: list[Outgoing] = [b"%d" % number + b"x" * 90 for number in range(200)]
        values.append((b"key", None, [("a", b"1"), ("b", b"")]))
        async with BatchProducer(settings) as producer:
            assert await producer.send("order", 0, []) == -1
            assert await producer.send("order", 0, values) == 200
            assert await producer.send("order", 0, [b"last"]) == 201
        found = await read(settings.kafka.brokers, "order", 202)
        assert [value for _, value, _ in found] == [*values[:200], None, b"last"]
        assert found[200] == (b"key", None, (("a", b"1"), ("b", b"")))

    asyncio.run(story())


def test_a_record_above_the_limit_is_named_and_nothing_is_sent(embedded_kafka: KafkaValues) -> None:
    """It is never lost in silence, and the partition goes on."""

    async def story() -> None:
        settings = Settings(kafka=KafkaSettings(**{**embedded_kafka, "max_batch_bytes": 2000}))
        await create_topics(plain(settings.kafka.brokers), {"large": (1, {})})
        headed: Outgoing = (b"k" * 2000, None, [("h", b"12345")])
        async with BatchProducer(settings) as producer:
            with pytest.raises(RecordTooLarge, match="a record of 1990 bytes"):
                await producer.send("large", 0, [b"small", b"x" * 1990])
            with pytest.raises(RecordTooLarge, match="a record of 2022 bytes"):
                await producer.send("large", 0, [(b"k" * 1800, None, ()), headed])
            assert await producer.send("large", 0, [b"next"]) == 0

    asyncio.run(story())


def test_after_a_failed_send_the_partition_takes_nothing_more(tmp_path: Path, embedded_kafka: KafkaValues) -> None:
    """So there is no hole: what comes after a lost batch is refused at once."""

    async def story() -> None:
        with EmbeddedBroker(tmp_path / "broker.log") as broker:
            changed = {**embedded_kafka, "brokers": broker.bootstrap, "request_timeout": 1.0}
            producer = BatchProducer(Settings(kafka=KafkaSettings(**changed)))
            await create_topics(plain(broker.bootstrap), {"holes": (2, {})})
            await producer.start()
            assert await producer.send("holes", 0, [b"a"]) == 0
        with pytest.raises(SendFailed):
            await producer.send("holes", 0, [b"b"])
        with pytest.raises(SendFailed, match="takes nothing more"):
            await producer.send("holes", 0, [b"c"])
        await producer.stop()

    asyncio.run(story())
