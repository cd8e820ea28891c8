"""A look at the newest records of a topic on a real broker."""

import asyncio
import uuid

import pytest

from streams.errors import ContractError
from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.glance import newest
from streams.kafka.producer import BatchProducer
from streams.kafka.security import plain
from streams.settings import KafkaSettings, Settings


def test_the_newest_of_every_partition_are_read(embedded: EmbeddedBroker) -> None:
    """Evenly, in their order; from a partition with fewer all it has; from an empty topic none, at once."""
    topic = f"glance-{uuid.uuid4().hex[:6]}"
    settings = Settings(kafka=KafkaSettings(brokers=embedded.bootstrap, idempotent=False))

    async def story() -> tuple[list[tuple[int, int]], ...]:
        await create_topics(plain(embedded.bootstrap), {topic: (3, {}), f"{topic}-empty": (1, {})})
        async with BatchProducer(settings) as producer:
            await producer.send(topic, 0, [f"a{number}".encode() for number in range(10)])
            await producer.send(topic, 2, [b"c0"])
        looks = [await newest(settings, name, 6) for name in (topic, f"{topic}-empty")]
        return tuple(sorted((record.partition, record.offset) for record in look) for look in looks)

    assert asyncio.run(story()) == ([(0, 8), (0, 9), (2, 0)], [])


def test_a_missing_topic_is_an_error(embedded: EmbeddedBroker) -> None:
    """And is not made by asking for it."""
    settings = Settings(kafka=KafkaSettings(brokers=embedded.bootstrap, idempotent=False))
    for _ in range(2):
        with pytest.raises(ContractError, match="there is no topic nowhere"):
            asyncio.run(newest(settings, "nowhere-at-all", 5))
