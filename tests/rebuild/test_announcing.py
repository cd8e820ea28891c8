"""Control records of a rebuild on a real broker."""

import asyncio
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.encode import decode
from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.security import plain
from streams.rebuild.announcing import announcing
from streams.records import INFINITY, Control, Event, SessionRow
from streams.sessionize.counts import Counts, read_control
from streams.sessionize.rebuilt import Rebuilt, SessionChange
from streams.sessionize.state import lone_key, visitor_key
from streams.settings import KafkaSettings, Settings

VISITOR = bytes(range(16))
COUNTS = Counts(INFINITY, 3, 20, 30, 10, "user")
ROW = SessionRow(session_id=VISITOR, app_id="shop", visitor_id=VISITOR, start_tstamp=1)


def changed(sessions: list[SessionChange], adopted: list[Event]) -> Rebuilt:
    """A difference with counts."""
    return Rebuilt(1, sessions, adopted, [], [], 0, COUNTS, None)


async def announce(broker: EmbeddedBroker) -> list[tuple[int, Control]]:
    """Two visitors with other sessions, one without, one lone event; what then stands in the topic."""
    settings = Settings(kafka=KafkaSettings(brokers=broker.bootstrap, idempotent=False))
    await create_topics(plain(broker.bootstrap), {"enriched": (2, {})})
    sessions = [SessionChange(None, ROW)]
    async with announcing(settings) as tell:
        await tell(
            [
                (1, visitor_key("shop", VISITOR), changed(sessions, [])),
                (0, visitor_key("blog", VISITOR), changed(sessions, [])),
                (0, visitor_key("quiet", VISITOR), changed([], [])),
                (0, lone_key("shop", VISITOR), changed([], [])),
            ]
        )
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition("enriched", 0), TopicPartition("enriched", 1)])
        found = [await consumer.getone(), await consumer.getone()]
    finally:
        await consumer.stop()
    return sorted((record.partition, record_of(record.value)) for record in found)


def record_of(value: bytes) -> Control:
    """It is a control record."""
    record = decode(value)
    assert isinstance(record, Control)
    return record


def test_each_visitor_with_other_sessions_is_told_of_in_its_partition(tmp_path: Path) -> None:
    """Before the call returns; the others need no word."""
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        found = asyncio.run(announce(broker))

    assert [(partition, control.kind) for partition, control in found] == [(0, "rebuild"), (1, "rebuild")]
    assert [read_control(control.body) for _, control in found] == [
        (visitor_key("blog", VISITOR), "blog", COUNTS),
        (visitor_key("shop", VISITOR), "shop", COUNTS),
    ]
