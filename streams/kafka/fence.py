"""Keeps a worker that lost a partition from writing its changelog: the broker refuses an older owner's batches.

Each changelog partition has one producer identity, named after it. Taking it over raises its epoch, and a first record
makes the partition itself know the new epoch. Source: Kafka protocol, InitProducerId with a transactional id.
"""
# ruff: noqa: SLF001 - this folder is where private names are used

from aiokafka import AIOKafkaProducer

from streams.kafka.producer import BatchProducer
from streams.kafka.security import connection
from streams.settings import Settings

OWNER_KEY = b"\0owner"
"""Key of the record an owner writes first. Its value is None: nothing remains of it."""


async def take_over(settings: Settings, topic: str, partition: int) -> tuple[BatchProducer, int]:
    """A started producer that alone may write this partition, and the offset of its first record.

    Every producer an earlier call gave, in any process, then fails with SendFailed. Costs 10 to 20 ms.
    """
    identity = await _next_epoch(settings, f"{topic}-{partition}")
    writer = BatchProducer(settings, identity)
    await writer.start()
    try:
        return writer, await writer.send(topic, partition, [(OWNER_KEY, None, ())])
    except BaseException:
        await writer.stop()
        raise


async def _next_epoch(settings: Settings, name: str) -> tuple[int, int]:
    """Producer id and epoch. No transaction is ever begun: its markers would stop a recovery."""
    producer = AIOKafkaProducer(
        **connection(settings),
        transactional_id=name,
        request_timeout_ms=int(settings.kafka.request_timeout * 1000),
    )
    await producer.start()
    try:
        manager = producer._txn_manager
        return manager.producer_id, manager.producer_epoch
    finally:
        await producer.stop()
