"""Where logs begin and end, how far groups have come, and which offsets hold a record."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.security import connection
from streams.settings import Settings

Span = tuple[int, int]
"""First and last offset, both inclusive."""
QUIET_SECONDS = 10.0
"""A broker that gives no record for this long has none."""


@asynccontextmanager
async def looking(settings: Settings, group: str | None = None) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that belongs to no group, or asks for a group's offsets without joining it."""
    consumer = AIOKafkaConsumer(
        **connection(settings),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_uncommitted",
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def log_spans(consumer: AIOKafkaConsumer, topic: str, partitions: int) -> dict[int, tuple[int, int]]:
    """Partition → (offset of the first record, offset after the last)."""
    tps = [TopicPartition(topic, partition) for partition in range(partitions)]
    begins, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    return {tp.partition: (begins[tp], ends[tp]) for tp in tps}


async def records_in(consumer: AIOKafkaConsumer, topic: str, partition: int, span: Span) -> list[Span]:
    """The runs of offsets within ``span`` that hold a record.

    The others were compacted, or are a transaction's markers. To know the end the log must go on, or be quiet.
    """
    tp, (first, last) = TopicPartition(topic, partition), span
    consumer.assign([tp])
    consumer.seek(tp, first)
    found: list[Span] = []
    while await consumer.position(tp) <= last:
        fetched = await consumer.getmany(tp, timeout_ms=int(QUIET_SECONDS * 1000), max_records=10_000)
        offsets = [record.offset for record in fetched.get(tp, ())]
        if not offsets:
            break
        for offset in offsets:
            if offset > last:
                return found
            if found and found[-1][1] == offset - 1:
                found[-1] = (found[-1][0], offset)
            else:
                found.append((offset, offset))
        await asyncio.sleep(0)
    return found
