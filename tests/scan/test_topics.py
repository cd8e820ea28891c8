import asyncio
import uuid

import pytest

from streams.encode import encode
from streams.errors import ContractError
from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.producer import BatchProducer
from streams.kafka.security import plain
from streams.scan.kinds import KINDS
from streams.scan.scanner import Scanner
from streams.scan.topics import scan_topic
from streams.settings import KafkaSettings, Settings
from tests.kafka.conftest import embedded
from tests.scan.test_records import EVENT

__all__ = ["embedded"]


def settings_of(embedded: EmbeddedBroker) -> Settings:
    """Of a client of the broker."""
    return Settings(kafka=KafkaSettings(brokers=embedded.bootstrap, idempotent=False))


def test_every_record_of_every_partition_is_searched(embedded: EmbeddedBroker) -> None:
    """Key, headers and fields, from the first offset to the last; the place says which."""
    topic = f"scan-{uuid.uuid4().hex[:6]}"

    async def story() -> tuple[int, Scanner]:
        await create_topics(plain(embedded.bootstrap), {topic: (2, {})})
        async with BatchProducer(settings_of(embedded)) as producer:
            EVENT.page_title = "a@example.com"
            await producer.send(topic, 0, [(None, encode(EVENT), ()), (b"b@example.com", b"x", ())])
            await producer.send(topic, 1, [(None, None, (("h", b"c@example.com"),)), (None, b"\xffd@example.com", ())])
        scanner = Scanner(KINDS, b"k" * 32)
        return await scan_topic(settings_of(embedded), topic, scanner), scanner

    read, scanner = asyncio.run(story())

    assert read == 4
    assert [(find.place, find.kind) for find in scanner.finds] == [
        (f"{topic}.{field}", "email") for field in ("headers", "key", "page_title", "value")
    ]


def test_an_empty_topic_is_searched_at_once_and_a_missing_one_is_an_error(embedded: EmbeddedBroker) -> None:
    """No waiting for records that do not come."""
    topic = f"scan-{uuid.uuid4().hex[:6]}"

    async def story() -> None:
        await create_topics(plain(embedded.bootstrap), {topic: (1, {})})
        assert await scan_topic(settings_of(embedded), topic, Scanner(KINDS, b"k" * 32)) == 0
        with pytest.raises(ContractError, match="there is no topic nowhere"):
            await scan_topic(settings_of(embedded), f"nowhere-{topic}", Scanner(KINDS, b"k" * 32))

    asyncio.run(story())
