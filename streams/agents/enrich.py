"""The enrich worker: raw slices in, enriched record batches and dead letters out, then the acknowledgement.

It touches Kafka only. Effects in order: enriched batches and dead letters acknowledged by Kafka, then the offset.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from aiokafka.structs import ConsumerRecord

from streams.agents.hooks import Hooks
from streams.encode import encode
from streams.errors import ContractError, ThalwegError
from streams.kafka.app import BatchApp
from streams.kafka.batch import BatchMessage
from streams.kafka.consumer import BatchConsumer
from streams.kafka.dispatch import Dispatcher, Limits
from streams.kafka.producer import BatchProducer, Outgoing
from streams.metrics import Metrics
from streams.pipeline import EnrichedBatch, Pipeline
from streams.records import INFINITY, Control, DeadLetter, Marker, RawBatch
from streams.settings import Settings

HEAD_SECONDS = 1.0
LETTER_OVERHEAD = 8192
"""Bytes left for what we say about a dead letter."""
AT_ONCE = Limits(rows=10_000, bytes=16 << 20, interval=0.0)
"""No waiting for more: slices go out as they come, and those that gather meanwhile go together, up to this large."""
PIECE = 2_000
"""Records worked on between two looks at the network: some 50 ms."""

Send = tuple[str, int, Sequence[Outgoing]]
"""Topic, partition, values."""


class EnrichWorker:
    """One process of the consumer group PREFIX-enrich.

    ``partitions`` is how many the raw, the enriched and the dead topic have; the first goes with every marker, so that
    a reader knows for whom to wait.
    """

    def __init__(  # noqa: PLR0913 - the parts are composed once, in agents/worker.py
        self,
        app: BatchApp,
        settings: Settings,
        pipeline: Pipeline,
        rules: Control,
        partitions: tuple[int, int, int],
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
        self._raw_partitions, self._enriched_partitions, self._dead_partitions = partitions
        self._metrics = metrics
        self._hooks = hooks
        self._announced = False
        self._announcing = asyncio.Lock()
        self._app = app
        app.on_loss = metrics.lost
        app.on_commit = lambda: hooks.reached("enrich.after_commit")
        self.dispatcher = Dispatcher(app, settings.kafka.raw_topic, self.work, AT_ONCE)
        if not settings.bounded:  # in bounded input no marker comes from a clock
            app.timer(HEAD_SECONDS)(self._mark_heads)

    def use(self, pipeline: Pipeline) -> None:
        """The stages of every batch that begins from now on."""
        self._pipeline = pipeline

    async def work(self, partition: int, slices: list[BatchMessage]) -> None:
        """Through the pure stages and out, piece by piece: while one is sent the next is worked on.

        Returns, and so acknowledges, when all is written. Sends to one enriched partition queue in the producer, in
        the order they were begun. Raises the first failure; what was not sent by then is not sent any more.
        """
        self._refuse_more(partition + 1)
        await self._announce()
        pipeline = self._pipeline  # one for the whole batch, also when data are changed meanwhile
        with self._metrics.timed("enrich"), _first_failure():
            async with asyncio.TaskGroup() as sending:
                for records in _pieces(slices):
                    sends = self._sends(partition, self._enrich(pipeline, partition, records))
                    for send in sends:  # all of them before the first: what is left out now would come out of order
                        self._producer.refuse_large(*send)
                    self._hooks.reached("enrich.before_send")
                    for send in sends:
                        sending.create_task(self._producer.send(*send))
                    await asyncio.sleep(0)
        self._hooks.reached("enrich.after_send")

    def _enrich(self, pipeline: Pipeline, partition: int, records: list[ConsumerRecord]) -> EnrichedBatch:
        began = time.process_time()
        batch = pipeline(RawBatch(self._raw_topic, partition, records))
        cpu_seconds = time.process_time() - began
        nbytes = sum([len(record.value or b"") for record in records])
        self._metrics.enriched(partition, len(records), batch.counts, cpu_seconds, nbytes)
        self._metrics.removed(batch.removed)
        return batch

    def _sends(self, partition: int, batch: EnrichedBatch) -> list[Send]:
        """What a batch writes: to every enriched partition its records and a marker, and its dead letters."""
        ended = batch.ended and self._bounded
        marker = self._marker(partition, INFINITY if ended else batch.heard)
        topic = self._kafka.enriched_topic
        sends: list[Send] = [(topic, k, [*values, marker]) for k, values in enumerate(batch.partitions)]
        if batch.dead:
            limit = self._kafka.max_batch_bytes - LETTER_OVERHEAD
            letters = [as_outgoing(letter, limit) for letter in batch.dead]
            sends.append((self._kafka.dead_topic, partition % self._dead_partitions, letters))
        return sends

    def _marker(self, partition: int, heard: int) -> bytes:
        return encode(Marker(raw_topic=self._raw_topic, partitions=self._raw_partitions, heard={partition: heard}))

    async def _mark_heads(self) -> None:
        """A partition at its head is heard up to when the fetch that found the head was sent, less ``idle``."""
        consumer = cast("BatchConsumer", self._app.consumer)
        try:
            self._refuse_more(consumer.topic_partitions(self._kafka.raw_topic) or 0)
            for tp in consumer.assignment():
                found = consumer.heard_head(tp)
                if found is not None:
                    await self._to_all(self._marker(tp.partition, int(found * 1000) - self._idle_ms))
        except ThalwegError as error:
            self._app.fail("the markers of partitions at their head", error)

    def _refuse_more(self, partitions: int) -> None:
        """Raises ContractError: nobody would wait for what is new, and the watermark would pass its events by."""
        if partitions > self._raw_partitions:
            raise ContractError(
                f"{self._kafka.raw_topic} has grown to more than {self._raw_partitions} partitions",
                "start the worker again: it counts them at its start",
            )

    async def _announce(self) -> None:
        """The rules text goes first, so that it is stored before the first event that carries its hash."""
        async with self._announcing:
            if not self._announced:
                await self._to_all(encode(self._rules))
                self._announced = True

    async def _to_all(self, value: bytes) -> None:
        topic = self._kafka.enriched_topic
        await asyncio.gather(*(self._producer.send(topic, k, [value]) for k in range(self._enriched_partitions)))


def _pieces(slices: list[BatchMessage]) -> Iterator[list[ConsumerRecord]]:
    """The slices put together and cut anew: small ones cost a send each, and a large one holds up the sends."""
    records = [record for piece in slices for record in piece.records]
    for start in range(0, len(records), PIECE):
        yield records[start : start + PIECE]


@contextmanager
def _first_failure() -> Iterator[None]:
    """A task group's first failure by itself, so that what is logged names it."""
    try:
        yield
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def as_outgoing(letter: DeadLetter, limit: int) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]:
    """A dead letter as a record: the original bytes and headers, and where and why as ``dead_…`` headers.

    An original above ``limit`` bytes does not fit beside them: it stays in the raw topic, at the coordinates given.
    ``dead_with`` is the index of the letter of the same record that has the original, where this one has not.
    """
    size = len(letter.value or b"") + sum(len(name) + len(value) for name, value in letter.headers)
    told: Sequence[tuple[str, object]] = (
        ("dead_reason", letter.reason),
        ("dead_detail", letter.detail),
        ("dead_topic", letter.raw_topic),
        ("dead_partition", letter.raw_partition),
        ("dead_offset", letter.raw_offset),
        ("dead_index", letter.raw_index),
        ("dead_size", size),
    )
    if letter.carrier is not None:
        told = [*told, ("dead_with", letter.carrier)]
    headers = [(key, str(value).encode("utf-8", "replace")) for key, value in told]
    return (None, letter.value, [*letter.headers, *headers]) if size <= limit else (None, None, headers)
