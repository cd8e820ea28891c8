"""A production enrich worker as a process, and what it makes of records sent to it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.encode import decode
from streams.kafka.admin import create_topics
from streams.kafka.security import plain
from streams.records import Event, Outcome

SECRET = b"s" * 32
Topics = tuple[str, str]
"""Raw and enriched, a partition each."""


@contextmanager
def running_enrich(broker: str, folder: Path, **variables: str) -> Iterator[Topics]:
    """The worker on topics of its own, with its log in ``folder``; ``variables`` are settings, without THALWEG_."""
    topics = (f"{folder.name}-raw", f"{folder.name}-enriched")
    asyncio.run(create_topics(plain(broker), {topic: (1, {}) for topic in (*topics, "dead")}))
    told = {
        "SECRET": SECRET.decode(),
        "KAFKA__BROKERS": broker,
        "KAFKA__IDEMPOTENT": "false",
        "KAFKA__SESSION_TIMEOUT": "6",
        "KAFKA__GROUP_PREFIX": folder.name,
        "KAFKA__RAW_TOPIC": topics[0],
        "KAFKA__ENRICHED_TOPIC": topics[1],
        "DATA_DIR": str(folder),
        **variables,
    }
    environment = os.environ | {f"THALWEG_{name}": value for name, value in told.items()}
    command = [sys.executable, "-m", "streams.cli", "worker", "enrich"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as work:
        try:
            yield topics
        finally:
            work.terminate()
            work.wait(30)


async def sent_until(
    broker: str, topics: Topics, line: Callable[[int], bytes], done: Callable[[Event | Outcome], bool]
) -> list[Event | Outcome]:
    """Send lines to the raw topic until one becomes what is asked for; all that the enriched topic holds, in order."""
    raw, enriched = topics
    found: list[Event | Outcome] = []
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest")
    await asyncio.gather(producer.start(), consumer.start())
    try:
        consumer.assign([TopicPartition(enriched, 0)])
        async with asyncio.timeout(90):
            number = 0
            while not any(map(done, found)):
                await producer.send_and_wait(raw, line(number))
                number += 1
                for records in (await consumer.getmany(timeout_ms=300)).values():
                    read = [decode(record.value) for record in records]
                    found += [each for each in read if isinstance(each, Event | Outcome)]
    finally:
        await asyncio.gather(producer.stop(), consumer.stop())
    return found
