"""The newest records of a topic, read without a consumer group: nothing is committed, nothing moves."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from streams.kafka.admin import partitions_of
from streams.kafka.security import connection
from streams.settings import Settings

QUIET_MS = 2_000
"""So long without a record is the end."""


async def newest(settings: Settings, topic: str, count: int) -> list[ConsumerRecord]:
    """About ``count`` of the newest records, evenly from all partitions, in their order there.

    Raises ContractError when there is no such topic.
    """
    partitions = await partitions_of(connection(settings), topic)
    consumer = AIOKafkaConsumer(**connection(settings), group_id=None, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(places)
        starts, ends = await asyncio.gather(consumer.beginning_offsets(places), consumer.end_offsets(places))
        each = -(-count // partitions)
        for place in places:
            consumer.seek(place, max(starts[place], ends[place] - each))
        return await _read(consumer, count)
    finally:
        await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, count: int) -> list[ConsumerRecord]:
    found: list[ConsumerRecord] = []
    while len(found) < count:
        slices = await consumer.getmany(timeout_ms=QUIET_MS, max_records=count - len(found))
        if not slices:
            break
        found += [record for records in slices.values() for record in records]
    return found
