"""Puts sorted records on the raw topic, dealt in turn to its partitions, and ends each with an end record."""

from collections.abc import Callable, Iterable

from streams.kafka.producer import BatchProducer, Outgoing
from streams.load import LoadRecord, end_record

CHUNK = 2000
"""Records per partition and send: large enough for whole record batches, small enough that partitions stay abreast."""


async def load(
    records: Iterable[LoadRecord],
    producer: BatchProducer,
    topic: str,
    partitions: int,
    on_loaded: Callable[[int], None],
    *,
    end: bool = True,
) -> list[int]:
    """Send everything; returns how many records each partition got, its end record (if ``end``) included.

    Any dealing gives the same tables (design.md §4): each partition is in time order.
    """
    counts = [0] * partitions
    waiting: list[list[Outgoing]] = [[] for _ in range(partitions)]
    latest = 0

    async def send() -> None:
        for partition, values in enumerate(waiting):
            if values:
                await producer.send(topic, partition, values)
                counts[partition] += len(values)
        on_loaded(sum(counts))

    for number, record in enumerate(records):
        waiting[number % partitions].append((None, record.value, record.headers))
        latest = record.tstamp
        if number % (CHUNK * partitions) == CHUNK * partitions - 1:
            await send()
            waiting = [[] for _ in range(partitions)]
    if end:
        last = end_record(latest)
        for values in waiting:
            values.append((None, last.value, last.headers))
    await send()
    return counts
