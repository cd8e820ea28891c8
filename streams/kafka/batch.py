"""One Faust message that carries a slice of a partition, and the schema that lets messages through undecoded."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aiokafka.structs import ConsumerRecord
from faust.serializers.schemas import Schema
from faust.types import TP, ConsumerMessage


class BatchMessage(ConsumerMessage):
    """Consecutive records of one partition. ``offset`` is the last record's; ``nbytes`` counts the values."""

    __slots__ = ("first_offset", "lease", "nbytes", "next_offset", "records")

    def __init__(self, tp: TP, records: list[ConsumerRecord], nbytes: int, generation_id: int) -> None:
        last = records[-1]
        super().__init__(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            [],
            None,
            records,  # type: ignore[arg-type]  # Faust hands it on as it is
            None,
            0,
            nbytes,
            tp,
            generation_id=generation_id,
        )
        self.records = records
        self.first_offset: int = records[0].offset
        self.next_offset: int = last.offset + 1
        self.nbytes = nbytes
        self.lease: object = None


class Undecoded(Schema[Any, Any]):
    """Makes the event without any codec: a slice's value is its list of records, another message's its bytes."""

    def compile(self, app: Any, **_: Any) -> Callable[..., Any]:
        """The function that makes the event of a message."""
        create_event = app.create_event

        async def decode(message: ConsumerMessage, *, propagate: bool = False) -> Any:  # noqa: ARG001 - Faust passes it
            return create_event(None, message.value, None, message)

        return decode


def slices(records: Sequence[ConsumerRecord], rows: int, nbytes: int) -> Iterator[tuple[list[ConsumerRecord], int]]:
    """Cut ``records`` into runs of at most ``rows`` records and ``nbytes`` of values (at least one record each)."""
    sizes = [len(record.value) if record.value is not None else 0 for record in records]
    total = sum(sizes)
    if len(records) <= rows and total <= nbytes:
        yield list(records), total
        return
    start = held = 0
    for index, size in enumerate(sizes):
        if index > start and (index - start >= rows or held + size > nbytes):
            yield list(records[start:index]), held
            start, held = index, 0
        held += size
    yield list(records[start:]), held
