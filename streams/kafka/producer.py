"""Sends whole record batches per partition: in order, acknowledged by all replicas, and nothing after a failure."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.errors import ThalwegError
from streams.kafka.security import connection
from streams.settings import Settings

Outgoing = bytes | tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""A value, or (key, value, headers)."""

RECORD_OVERHEAD = 128
"""At most what a batch header and one record's own fields take."""


class SendFailed(ThalwegError):  # noqa: N818 - the interface's name
    """A batch was not acknowledged: it may or may not be written, and this partition takes nothing more."""


class RecordTooLarge(ThalwegError):  # noqa: N818 - the same
    """A record does not fit into the largest batch we may write. Nothing of the call was sent."""


class BatchProducer:
    """One Kafka producer for batches. ``send`` to different partitions may run side by side.

    ``identity`` is a (producer id, epoch) to write under (``fence.take_over``); without it the broker gives one.
    """

    def __init__(self, settings: Settings, identity: tuple[int, int] | None = None) -> None:
        self._settings, self._kafka = settings, settings.kafka
        self._identity = identity
        self._producer: AIOKafkaProducer | None = None
        self._locks: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._failed: dict[tuple[str, int], str] = {}

    async def start(self) -> None:
        """Connect."""
        kafka = self._kafka
        self._producer = AIOKafkaProducer(
            **connection(self._settings),
            acks="all",
            enable_idempotence=kafka.idempotent,
            max_batch_size=kafka.max_batch_bytes,
            max_request_size=kafka.max_batch_bytes + 4096,
            request_timeout_ms=int(kafka.request_timeout * 1000),
        )
        if self._identity is not None:
            self._producer._txn_manager.set_pid_and_epoch(*self._identity)  # noqa: SLF001 - checked in compat
        await self._producer.start()

    async def stop(self) -> None:
        """Send what is under way and disconnect."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def send(self, topic: str, partition: int, values: Sequence[Outgoing]) -> int:
        """Write ``values`` and wait for the acknowledgement. The last one's offset, -1 where the broker gives none.

        Raises SendFailed (also at once, when the partition failed before) and RecordTooLarge (before sending).
        """
        where = (topic, partition)
        async with self._locks[where]:
            if where in self._failed:
                raise SendFailed(f"{topic}[{partition}] takes nothing more: {self._failed[where]}")
            self.refuse_large(topic, partition, values)
            last = -1
            for batch, count in self._batches(values):
                base = await self._acknowledged(topic, partition, batch)
                last = base + count - 1 if base >= 0 else -1
            return last

    def refuse_large(self, topic: str, partition: int, values: Sequence[Outgoing]) -> None:
        """Raise RecordTooLarge where a value is. For callers who begin several sends and want none begun then."""
        limit = self._kafka.max_batch_bytes - RECORD_OVERHEAD
        for value in values:
            size = len(value) if isinstance(value, bytes) else _size(value)
            if size > limit:
                raise RecordTooLarge(
                    f"a record of {size} bytes for {topic}[{partition}] is above the limit of {limit}",
                    "raise kafka.max_batch_bytes and the topic's max.message.bytes",
                )

    def _batches(self, values: Sequence[Outgoing]) -> Iterator[tuple[Any, int]]:
        """Closed batch builders with their record counts."""
        assert self._producer is not None, "start() first"
        create = self._producer.create_batch
        now = int(time.time() * 1000)
        builder, count = create(), 0
        append = builder.append
        for value in values:
            key, body, headers = (None, value, ()) if isinstance(value, bytes) else value
            if append(timestamp=now, key=key, value=body, headers=[*headers]) is None:
                yield builder, count
                builder, count = create(), 0
                append = builder.append
                append(timestamp=now, key=key, value=body, headers=[*headers])
            count += 1
        if count:
            builder.close()
            yield builder, count

    async def _acknowledged(self, topic: str, partition: int, batch: Any) -> int:
        """Send one batch and wait; the next is sent only after this one's acknowledgement, so no holes."""
        assert self._producer is not None
        try:
            async with asyncio.timeout(self._kafka.request_timeout * 2):
                future = await self._producer.send_batch(batch, topic, partition=partition)
                metadata = await future
        except (KafkaError, TimeoutError) as error:
            self._failed[topic, partition] = type(error).__name__
            raise SendFailed(f"send to {topic}[{partition}]: {type(error).__name__}") from error
        return int(metadata.offset)


def _size(record: tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]) -> int:
    key, body, headers = record
    return len(key or b"") + len(body or b"") + sum(len(name) + len(text) + 16 for name, text in headers)
