"""Tells live sessions workers of a rebuild's counts, through the log (design.md §6 rule 10)."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaError

from streams.encode import encode
from streams.errors import ContractError
from streams.kafka.producer import BatchProducer
from streams.rebuild.rebuild import Announce
from streams.records import Control
from streams.sessionize.counts import REBUILD, control_body
from streams.sessionize.rebuilt import Rebuilt
from streams.sessionize.state import is_lone
from streams.settings import Settings


@asynccontextmanager
async def announcing(settings: Settings) -> AsyncIterator[Announce]:
    """One control record per visitor whose sessions or row change, to its enriched partition, acknowledged.

    Raises SendFailed, and ContractError where no broker answers.
    """
    producer = BatchProducer(settings)
    try:
        await producer.start()
    except KafkaError as error:
        await producer.stop()
        raise ContractError(
            f"no answer from Kafka at {settings.kafka.brokers}", "start it, or leave out kafka.brokers"
        ) from error
    try:

        async def announce(changed: Sequence[tuple[int, bytes, Rebuilt]]) -> None:
            records: dict[int, list[bytes]] = defaultdict(list)
            for partition, key, rebuilt in changed:
                if rebuilt.is_told and not is_lone(key):
                    body = control_body(key, rebuilt.counts)
                    records[partition].append(encode(Control(kind=REBUILD, body=body)))
            for partition, values in records.items():
                await producer.send(settings.kafka.enriched_topic, partition, values)

        yield announce
    finally:
        await producer.stop()
