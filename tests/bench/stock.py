"""A stock Faust agent as its documentation writes it: ``take`` a thousand events, work, ``send`` each result."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import faust
import msgspec

from streams import pipeline
from streams.kafka.admin import partitions_of
from streams.kafka.security import plain
from streams.records import RawBatch
from streams.secret import read_secret
from streams.settings import Settings
from tests.bench.peers import Cost, Meter

TAKE = 1000
WITHIN_S = 1.0


class Taken(msgspec.Struct):
    """A raw record as Faust's message gives it."""

    offset: int
    timestamp: int
    value: bytes | None
    headers: list[tuple[str, bytes]]


def take(settings: Settings, done: Callable[[Cost], None]) -> None:
    """Raw to enriched by ``take_events`` and ``send``, each acknowledged before the next thousand. Ends the process."""
    kafka = settings.kafka
    raw_partitions, enriched_partitions = asyncio.run(_counts(settings))
    asyncio.set_event_loop(asyncio.new_event_loop())
    work = pipeline.build(settings, read_secret(settings), enriched_partitions)
    app = faust.App(
        f"{kafka.group_prefix}-stock",
        broker=f"kafka://{kafka.brokers}",
        datadir=str(settings.data_dir / "faust-stock"),
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        broker_session_timeout=kafka.session_timeout,
        broker_request_timeout=max(kafka.request_timeout, kafka.session_timeout + 1),
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=kafka.fetch_max_bytes,
        producer_acks=-1,
    )
    raw, enriched = app.topic(kafka.raw_topic), app.topic(kafka.enriched_topic)
    meter, ended = Meter(), set[int]()

    @app.agent(raw)
    async def stock(stream: Any) -> None:
        async for events in stream.take_events(TAKE, within=WITHIN_S):
            by_partition: defaultdict[int, list[Taken]] = defaultdict(list)
            for event in events:
                by_partition[event.message.partition].append(_taken(event.message))
            sent = []
            for partition, records in by_partition.items():
                batch = work(RawBatch(kafka.raw_topic, partition, records))
                for k, values in enumerate(batch.partitions):
                    sent += [await enriched.send(value=value, partition=k) for value in values]
                if batch.ended:
                    ended.add(partition)
            await asyncio.gather(*sent)
            meter.note(len(events))
            if len(ended) == raw_partitions:
                done(meter.cost())
                # stock Faust may hang at its end; the figures are written
                os._exit(0)

    faust.Worker(app, loglevel="INFO", redirect_stdouts=False, quiet=True).execute_from_commandline()


async def _counts(settings: Settings) -> tuple[int, int]:
    kafka = settings.kafka
    return await partitions_of(plain(kafka.brokers), kafka.raw_topic), await partitions_of(
        plain(kafka.brokers), kafka.enriched_topic
    )


def _taken(message: Any) -> Taken:
    headers = message.headers.items() if isinstance(message.headers, dict) else message.headers or ()
    return Taken(message.offset, int(message.timestamp * 1000), message.value, list(headers))
