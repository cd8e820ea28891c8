"""What an operator, or an accident, does to topics."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.admin.records_to_delete import RecordsToDelete

from streams.kafka.admin import create_topics
from streams.kafka.security import plain
from tests.flow.live_witness import asking, committed


def raise_partitions(brokers: str, topic: str, count: int) -> None:
    """More partitions; what is there stays."""
    _ask(brokers, lambda admin: admin.create_partitions({topic: NewPartitions(count)}))


def delete_before(brokers: str, topic: str, offsets: Mapping[int, int]) -> None:
    """As retention does: everything before these offsets is gone."""
    places = {TopicPartition(topic, k): RecordsToDelete(before_offset=at) for k, at in offsets.items()}
    _ask(brokers, lambda admin: admin.delete_records(places))


def let_delete(brokers: str, topic: str) -> None:
    """A compacted topic of which retention takes records too: what an operator must not set."""
    changed = ConfigResource(ConfigResourceType.TOPIC, topic, configs={"cleanup.policy": "compact,delete"})
    _ask(brokers, lambda admin: admin.alter_configs([changed]))


def make_anew(brokers: str, topic: str, partitions: int, config: Mapping[str, str]) -> None:
    """Delete a topic, and make it again, empty."""
    _ask(brokers, lambda admin: admin.delete_topics([topic]))
    asyncio.run(create_topics(plain(brokers), {topic: (partitions, config)}))


def committed_offsets(brokers: str, group: str, topic: str) -> dict[int, int]:
    """Partition → what the group has committed."""

    async def ask() -> dict[int, int]:
        async with asking(brokers) as admin:
            return await committed(admin, group, topic)

    return asyncio.run(ask())


def write_in_transactions(brokers: str, topic: str, bodies: list[bytes], partition: int) -> None:
    """The bodies in one transaction that is committed, and again in one that is aborted."""

    async def write() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=brokers, transactional_id=f"faults-{topic}-{partition}")
        await producer.start()
        try:
            for end in (producer.commit_transaction, producer.abort_transaction):
                await producer.begin_transaction()
                for body in bodies:
                    key = uuid.uuid4().bytes  # a compacted topic takes none without
                    headers = [("app_id", b"shop")]
                    await producer.send_and_wait(topic, body, key, partition=partition, headers=headers)
                await end()
        finally:
            await producer.stop()

    asyncio.run(write())


def _ask(brokers: str, question: Callable[[AIOKafkaAdminClient], Awaitable[object]]) -> None:
    async def ask() -> None:
        async with asking(brokers) as admin:
            await question(admin)

    asyncio.run(ask())
