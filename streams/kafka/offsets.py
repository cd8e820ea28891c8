"""Where logs begin and end, how far groups have come, and which offsets hold a record."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.kafka.security import connection
from streams.settings import Settings

Span = tuple[int, int]
"""First and last offset, both inclusive."""
QUIET_SECONDS = 10.0
"""A broker that gives no record for this long has none."""
LOOK_SECONDS = 0.5
"""Meanwhile the position may pass what holds no record, which nobody is told."""
MOST_AT_ONCE = 10_000
"""Records that are unpacked before the first of them is looked at."""


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
    await asyncio.sleep(0)  # its tasks must have begun, or stopping them raises CancelledError
    try:
        yield consumer
    finally:
        await consumer.stop()


async def log_spans(consumer: AIOKafkaConsumer, topic: str, partitions: int) -> dict[int, tuple[int, int]]:
    """Partition → (offset of the first record, offset after the last)."""
    tps = [TopicPartition(topic, partition) for partition in range(partitions)]
    begins, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    return {tp.partition: (begins[tp], ends[tp]) for tp in tps}


async def read_spans(
    consumer: AIOKafkaConsumer, topic: str, spans: Mapping[int, tuple[int, int]]
) -> AsyncIterator[ConsumerRecord]:
    """Every record of the partitions in ``spans``, from the first offset to before the second, in order within each.

    What comes meanwhile is left; no waiting for records that do not come. The embedded broker (Tansu 0.6.0) tells as a
    log's end the place behind the first record of its last batch, so the end told with the first fetch counts too.
    """
    ends = {TopicPartition(topic, partition): end for partition, (_, end) in spans.items()}
    unheard = set(ends)
    consumer.assign(list(ends))
    for partition, (first, _) in spans.items():
        consumer.seek(TopicPartition(topic, partition), first)
    while any([await consumer.position(tp) < end for tp, end in ends.items()]):
        for tp, records in (await consumer.getmany(timeout_ms=int(LOOK_SECONDS * 1000))).items():
            if tp in unheard:
                unheard.remove(tp)
                ends[tp] = max(ends[tp], consumer.highwater(tp) or 0)
            for record in records:
                if record.offset < ends[tp]:
                    yield record


async def holds(
    consumer: AIOKafkaConsumer, topic: str, partition: int, span: Span, counts: Callable[[ConsumerRecord], bool]
) -> bool:
    """Whether an offset within ``span`` holds a record that counts: read until the first one that does."""
    async with aclosing(_read_span(consumer, topic, partition, span)) as records:
        async for record in records:
            if counts(record):
                return True
    return False


async def records_in(consumer: AIOKafkaConsumer, topic: str, partition: int, span: Span) -> list[Span]:
    """The runs of offsets within ``span`` that hold a record. The others were compacted, or are a transaction's
    markers."""
    found: list[Span] = []
    async for record in _read_span(consumer, topic, partition, span):
        if found and found[-1][1] == record.offset - 1:
            found[-1] = (found[-1][0], record.offset)
        else:
            found.append((record.offset, record.offset))
    return found


async def _read_span(
    consumer: AIOKafkaConsumer, topic: str, partition: int, span: Span
) -> AsyncGenerator[ConsumerRecord, None]:
    """The records within ``span``. To know its end the log must go on, or be quiet."""
    tp, (first, last) = TopicPartition(topic, partition), span
    consumer.assign([tp])
    consumer.seek(tp, first)
    looks = 0
    while await consumer.position(tp) <= last and looks * LOOK_SECONDS < QUIET_SECONDS:
        fetched = await consumer.getmany(tp, timeout_ms=int(LOOK_SECONDS * 1000), max_records=MOST_AT_ONCE)
        records = fetched.get(tp, ())
        looks = 0 if records else looks + 1
        for record in records:
            if record.offset > last:
                return
            yield record
        await asyncio.sleep(0)
