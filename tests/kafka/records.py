"""Real records and slices for tests that need no broker."""

from aiokafka.structs import ConsumerRecord
from faust.types import TP

from streams.kafka.batch import BatchMessage


def record(offset: int, value: bytes | None = b"v", key: bytes | None = None) -> ConsumerRecord:
    """As aiokafka gives it."""
    size = -1 if value is None else len(value)
    return ConsumerRecord("t", 0, offset, 1000 + offset, 0, key, value, None, -1, size, ())


def piece(first: int, count: int, value: bytes = b"v", partition: int = 0) -> BatchMessage:
    """A slice of ``count`` records from ``first``."""
    records = [record(offset, value) for offset in range(first, first + count)]
    return BatchMessage(TP("t", partition), records, count * len(value), 1)
