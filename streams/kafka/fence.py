"""Keeps a worker that lost a partition from writing its changelog: the broker refuses an older owner's batches.

Each changelog partition has one producer identity, named after it. Taking it over raises its epoch, and a first record
makes the partition itself know the new epoch. Source: Kafka protocol, InitProducerId with a transactional id.
"""
# ruff: noqa: SLF001 - this folder is where private names are used

import logging
from collections.abc import Callable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from streams.kafka.producer import BatchProducer
from streams.kafka.security import connection
from streams.settings import Settings

logger = logging.getLogger(__name__)

LONGEST_WAIT = 1.0
"""Seconds between two attempts at a broker that is away."""
OWNER_KEY = b"\0owner"
"""Key of the record an owner writes first. Its value is None: nothing remains of it."""


async def take_over(
    settings: Settings, topic: str, partition: int, given_up: Callable[[], bool] = lambda: False
) -> tuple[BatchProducer, int]:
    """A started producer that alone may write this partition, and the offset of its first record.

    Every producer an earlier call gave, in any process, then fails with SendFailed. Costs 10 to 20 ms. A broker that is
    away, perhaps since the middle of the rebalance that made this necessary, is waited for until ``given_up``.
    """
    name = f"{topic}-{partition}"
    patiently = AsyncRetrying(
        retry=retry_if_exception(_is_away),
        wait=wait_random_exponential(multiplier=0.2, max=LONGEST_WAIT),
        stop=lambda _: given_up(),
        before_sleep=_report,
        reraise=True,
    )
    identity: tuple[int, int] = await patiently(_next_epoch, settings, name)
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
    try:
        await producer.start()
        manager = producer._txn_manager
        return manager.producer_id, manager.producer_epoch
    finally:
        await producer.stop()


def _is_away(error: BaseException) -> bool:
    return isinstance(error, KafkaError) and error.retriable


def _report(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning("taking over %s: %s; trying again", state.args[1], type(error).__name__)
