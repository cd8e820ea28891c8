"""The bare loops: aiokafka getmany, the same pure functions, send_batch or insert; no Faust, state or commits."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from streams import pipeline
from streams.agents.sessions import rows_of
from streams.encode import decode
from streams.kafka.admin import partitions_of
from streams.kafka.security import plain
from streams.records import INFINITY, OWN_KEY, RawBatch
from streams.secret import read_secret
from streams.sessionize.options import make_options_of
from streams.sessionize.partition import PartitionFold
from streams.settings import FlushSettings, KafkaSettings, Settings
from streams.warehouse.sink import Sink
from tests.bench.peers import Cost, Meter

Slice = tuple[int, list[ConsumerRecord]]
"""A partition and consecutive records of it."""


def enrich(settings: Settings, done: Callable[[Cost], None]) -> None:
    """Raw to enriched. Markers and dead letters are not written: a few per batch."""
    asyncio.run(_enrich(settings, done))


def sessions(settings: Settings, done: Callable[[Cost], None]) -> None:
    """Enriched to the store, in batches as large as the worker's; the state stays in a dict."""
    asyncio.run(_sessions(settings, done))


async def _enrich(settings: Settings, done: Callable[[Cost], None]) -> None:
    kafka = settings.kafka
    raw_partitions = await partitions_of(plain(kafka.brokers), kafka.raw_topic)
    work = pipeline.build(
        settings, read_secret(settings), await partitions_of(plain(kafka.brokers), kafka.enriched_topic)
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.brokers,
        acks="all",
        enable_idempotence=kafka.idempotent,
        max_batch_size=kafka.max_batch_bytes,
        max_request_size=kafka.max_batch_bytes + 4096,
    )
    await producer.start()
    meter, ended = Meter(), set[int]()
    async for piece in _fetched(kafka, kafka.raw_topic, raw_partitions):
        if piece is None:
            continue
        partition, records = piece
        batch = work(RawBatch(kafka.raw_topic, partition, records))
        sends = [
            _send(producer, kafka.enriched_topic, k, values) for k, values in enumerate(batch.partitions) if values
        ]
        await asyncio.gather(*sends)
        meter.note(len(records))
        if batch.ended:
            ended.add(partition)
        if len(ended) == raw_partitions:
            break
    done(meter.cost())
    await producer.stop()


async def _sessions(settings: Settings, done: Callable[[Cost], None]) -> None:
    kafka = settings.kafka
    partitions = await partitions_of(plain(kafka.brokers), kafka.enriched_topic)
    password = settings.clickhouse_password.get_secret_value()
    sink = Sink(settings.clickhouse, password, generation=kafka.generation)
    options_of = make_options_of(settings.sessions, settings.apps)
    states: list[dict[bytes, bytes]] = [{} for _ in range(partitions)]
    folds = [
        PartitionFold(options_of, settings.disorder * 1000, kafka.generation, partition, states[partition])
        for partition in range(partitions)
    ]
    meter = Meter()
    fetched = _fetched(kafka, kafka.enriched_topic, partitions)
    async for partition, records in _gathered(fetched, partitions, settings.flush):
        fold, state = folds[partition], states[partition]
        effects = fold.fold((record.offset, decode(record.value)) for record in records)
        await sink.store(partition, rows_of(effects), effects.span)
        for key, value in effects.changes.items():
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
        state[OWN_KEY] = effects.own
        fold.commit(effects)
        meter.note(len(effects.outcomes))  # raw events, as the worker's metrics count them: markers are none
        if all(fold.watermark == INFINITY for fold in folds):
            break
    done(meter.cost())
    await sink.close()


async def _fetched(kafka: KafkaSettings, topic: str, partitions: int) -> AsyncIterator[Slice | None]:
    """Slices as they come; None when nothing came for a while."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.brokers,
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=kafka.fetch_max_bytes,
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, partition) for partition in range(partitions)])
        while True:
            slices = await consumer.getmany(timeout_ms=100)
            for tp, records in slices.items():
                yield tp.partition, records
            if not slices:
                yield None
    finally:
        await consumer.stop()


async def _gathered(
    fetched: AsyncIterator[Slice | None], partitions: int, limit: FlushSettings
) -> AsyncIterator[Slice]:
    """Slices put together as the worker does: up to so many rows, or as many seconds after the first."""
    waiting: list[list[ConsumerRecord]] = [[] for _ in range(partitions)]
    since = [0.0] * partitions
    async for piece in fetched:
        now = time.monotonic()
        if piece is not None:
            partition, records = piece
            if not waiting[partition]:
                since[partition] = now
            waiting[partition] += records
        for each, rows in enumerate(waiting):
            if rows and (len(rows) >= limit.rows or now - since[each] >= limit.interval):
                waiting[each] = []
                yield each, rows


async def _send(producer: AIOKafkaProducer, topic: str, partition: int, values: Sequence[bytes]) -> None:
    now = int(time.time() * 1000)
    batch = producer.create_batch()
    for value in values:
        if batch.append(key=None, value=value, timestamp=now) is None:
            await (await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=None, value=value, timestamp=now)
    await (await producer.send_batch(batch, topic, partition=partition))
