"""Records for the raw topic, written by a plain producer."""

import asyncio
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

NO_KEY = b"-"
"""Of a record without value, which needs one."""


@dataclass(frozen=True)
class Sending:
    """A record for the raw topic."""

    value: bytes | None
    partition: int = 0
    headers: Sequence[tuple[str, bytes]] = (("app_id", b"shop"),)
    key: bytes | None = None


def page(number: int, visitor: int = 0, message_id: uuid.UUID | None = None, **more: object) -> bytes:
    """A page view as a Segment message."""
    message = {
        "type": "page",
        "messageId": str(message_id or uuid.uuid4()),
        "anonymousId": f"visitor-{visitor}",
        "properties": {"url": f"https://shop.example/p/{number}"},
        **more,
    }
    return json.dumps(message).encode()


async def send(brokers: str, topic: str, records: Iterable[Sending]) -> None:
    """With a plain producer, acknowledged by all."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, acks="all", enable_idempotence=True, linger_ms=5)
    await producer.start()
    try:
        under_way = [
            await producer.send(
                topic,
                each.value,
                each.key or (NO_KEY if each.value is None else None),
                each.partition,
                None,
                list(each.headers),
            )
            for each in records
        ]
        await asyncio.gather(*under_way)
    finally:
        await producer.stop()
