"""Records dealt to the raw partitions of an embedded broker."""

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.producer import BatchProducer
from streams.kafka.security import plain
from streams.load import LoadRecord
from streams.run.loading import load
from streams.settings import KafkaSettings, Settings

RECORDS = [LoadRecord(b"%d" % n, 1000 + n, [("collector_tstamp", b"%d" % (1000 + n))]) for n in range(25)]


Read = list[tuple[bytes, dict[str, bytes]]]


async def _load_and_read(bootstrap: str, topic: str, *, end: bool) -> tuple[list[int], list[Read]]:
    await create_topics(plain(bootstrap), {topic: (2, {})})
    seen: list[int] = []
    async with BatchProducer(Settings(kafka=KafkaSettings(brokers=bootstrap, idempotent=False))) as producer:
        counts = await load(RECORDS, producer, topic, 2, seen.append, end=end)
    assert seen[-1] == sum(counts)
    return counts, [await _read(bootstrap, topic, partition, count) for partition, count in enumerate(counts)]


async def _read(bootstrap: str, topic: str, partition: int, count: int) -> Read:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(topic, partition)])
    records = [await asyncio.wait_for(consumer.getone(), 20) for _ in range(count)]
    await consumer.stop()
    return [(record.value or b"", dict(record.headers)) for record in records]


@pytest.mark.parametrize("end", [True, False])
def test_each_partition_is_in_order_and_ends_with_its_end_record(tmp_path: Path, end: bool) -> None:
    """All records once, dealt in turn; in bounded input an end record last, with the last record's time."""
    with EmbeddedBroker(tmp_path / "log").start() as broker:
        counts, partitions = asyncio.run(_load_and_read(broker.bootstrap, "raw", end=end))

    assert counts == ([14, 13] if end else [13, 12])
    for number, records in enumerate(partitions):
        loaded = records[:-1] if end else records
        assert [value for value, _ in loaded] == [record.value for record in RECORDS[number::2]]
        if end:
            assert records[-1][1]["control"] == b"end"
            assert records[-1][1]["collector_tstamp"] == b"1024"
