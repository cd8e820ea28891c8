"""The newest records of a topic, read without a consumer group: nothing is committed, nothing moves."""

from collections import defaultdict, deque

from aiokafka.structs import ConsumerRecord

from streams.kafka.admin import partitions_of
from streams.kafka.offsets import log_spans, looking, read_spans
from streams.kafka.security import connection
from streams.settings import Settings


async def newest(settings: Settings, topic: str, count: int) -> list[ConsumerRecord]:
    """About ``count`` of the newest records, evenly from all partitions, in their order there.

    Raises ContractError when there is no such topic.
    """
    partitions = await partitions_of(connection(settings), topic)
    each = -(-count // partitions)
    found: dict[int, deque[ConsumerRecord]] = defaultdict(lambda: deque(maxlen=each))
    async with looking(settings) as consumer:
        spans = await log_spans(consumer, topic, partitions)
        last = {number: (max(first, end - each), end) for number, (first, end) in spans.items()}
        async for record in read_spans(consumer, topic, last):
            found[record.partition].append(record)
    return [record for _, records in sorted(found.items()) for record in records][:count]
