"""The enrich worker: raw slices in, enriched record batches and dead letters out, then the acknowledgement.

It touches Kafka only. Effects in order: enriched batches and dead letters acknowledged by Kafka, then the offset.
"""

import asyncio
import time
from collections.abc import Sequence

from streams.agents.hooks import Hooks
from streams.encode import encode
from streams.kafka.app import BatchApp
from streams.kafka.batch import BatchMessage
from streams.kafka.dispatch import Dispatcher, Limits
from streams.kafka.producer import BatchProducer, Outgoing
from streams.metrics import Metrics
from streams.pipeline import EnrichedBatch, Pipeline
from streams.records import INFINITY, Control, DeadLetter, Marker, RawBatch
from streams.settings import Settings

AT_ONCE = Limits(rows=1, bytes=1, interval=0.0)


class EnrichWorker:
    """One process of the consumer group PREFIX-enrich.

    ``raw_partitions`` is how many the raw topic has: it goes with every marker, so that a reader knows whom to wait for.
    """

    def __init__(  # noqa: PLR0913 - the parts are composed once, in agents/worker.py
        self,
        app: BatchApp,
        settings: Settings,
        pipeline: Pipeline,
        rules: Control,
        raw_partitions: int,
        metrics: Metrics,
        hooks: Hooks,
    ) -> None:
        self._kafka = settings.kafka
        self._bounded = settings.bounded
        self._idle_ms = settings.idle * 1000
        self._raw_topic = f"{settings.kafka.raw_topic}@{settings.kafka.raw_incarnation}"
        self._pipeline = pipeline
        self._rules = rules
        self._producer: BatchProducer = app.batch_producer
        self._raw_partitions = raw_partitions
        self._metrics = metrics
        self._hooks = hooks
        self._announced = False
        self._announcing = asyncio.Lock()
        self.dispatcher = Dispatcher(app, settings.kafka.raw_topic, self.work, AT_ONCE)

    async def work(self, partition: int, slices: list[BatchMessage]) -> None:
        """Each slice through the pure stages and out; nothing is acknowledged before all of it is written."""
        for piece in slices:
            began = time.process_time()
            batch = self._pipeline(RawBatch(self._raw_topic, partition, piece.records))
            self._metrics.enriched(partition, len(piece.records), batch.counts, time.process_time() - began)
            await self._announce(len(batch.partitions))
            self._hooks.reached("enrich.before_send")
            await self._send(partition, batch)
            self._hooks.reached("enrich.after_send")

    async def _send(self, partition: int, batch: EnrichedBatch) -> None:
        ended = batch.ended and self._bounded
        marker = self._marker(partition, INFINITY if ended else batch.heard)
        sends = [self._producer.send(self._kafka.enriched_topic, k, [*values, marker]) for k, values in enumerate(batch.partitions)]
        if batch.dead:
            letters = [as_outgoing(letter) for letter in batch.dead]
            sends.append(self._producer.send(self._kafka.dead_topic, partition, letters))
        await asyncio.gather(*sends)

    def _marker(self, partition: int, heard: int) -> bytes:
        return encode(Marker(raw_topic=self._raw_topic, partitions=self._raw_partitions, heard={partition: heard}))

    async def _announce(self, partitions: int) -> None:
        """The rules text goes first, so that it is stored before the first event that carries its hash."""
        async with self._announcing:
            if not self._announced:
                await self._to_all(partitions, encode(self._rules))
                self._announced = True

    async def _to_all(self, partitions: int, value: bytes) -> None:
        await asyncio.gather(*(self._producer.send(self._kafka.enriched_topic, k, [value]) for k in range(partitions)))


def as_outgoing(letter: DeadLetter) -> Outgoing:
    """A dead letter as a record: the original bytes and headers, and where and why as ``dead_…`` headers."""
    told: Sequence[tuple[str, object]] = (
        ("dead_reason", letter.reason),
        ("dead_detail", letter.detail),
        ("dead_topic", letter.raw_topic),
        ("dead_partition", letter.raw_partition),
        ("dead_offset", letter.raw_offset),
        ("dead_index", letter.raw_index),
    )
    headers = [(key, str(value).encode("utf-8", "replace")) for key, value in told]
    return (None, letter.value, [*letter.headers, *headers])
