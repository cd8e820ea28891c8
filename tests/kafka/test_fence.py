import asyncio
import logging

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.kafka.admin import CHANGELOG_CONFIG, create_topics
from streams.kafka.fence import take_over
from streams.kafka.producer import SendFailed
from streams.kafka.security import plain
from streams.settings import KafkaSettings, Settings
from tests.kafka.apache import ApacheKafka
from tests.kafka.waiting import wait_until
from tests.kafka.workers import KafkaValues


@pytest.mark.kafka
def test_after_a_takeover_the_old_owner_is_refused(apache_kafka: KafkaValues) -> None:
    """Its producer still connects and sends: the broker says no, and the new owner's records are all there is."""

    async def story() -> None:
        settings = Settings(kafka=KafkaSettings(**apache_kafka))
        await create_topics(plain(settings.kafka.brokers), {"fenced": (1, CHANGELOG_CONFIG)})
        old, first = await take_over(settings, "fenced", 0)
        assert first == 0
        assert await old.send("fenced", 0, [(b"k", b"a", ()), (b"k", b"b", ())]) == 2
        new, claimed = await take_over(settings, "fenced", 0)
        assert claimed == 3
        with pytest.raises(SendFailed):
            await old.send("fenced", 0, [(b"k", b"stale", ())])
        assert await new.send("fenced", 0, [(b"k", b"c", ())]) == 4
        await old.stop()
        await new.stop()

    asyncio.run(story())


@pytest.mark.kafka
def test_a_broker_that_is_away_is_waited_for(
    apache: ApacheKafka, apache_kafka: KafkaValues, caplog: pytest.LogCaptureFixture
) -> None:
    """It died in the midst of a rebalance: the takeover goes on when it is back, and gives up when the worker stops."""
    settings = Settings(kafka=KafkaSettings(**apache_kafka))
    asyncio.run(create_topics(plain(settings.kafka.brokers), {"away": (1, CHANGELOG_CONFIG)}))
    apache.kill()
    with pytest.raises(KafkaConnectionError):
        asyncio.run(take_over(settings, "away", 0, lambda: True))

    async def story() -> int:
        taking = asyncio.create_task(take_over(settings, "away", 0))
        with caplog.at_level(logging.WARNING):
            await asyncio.to_thread(wait_until, lambda: "trying again" in caplog.text, 30, "a first attempt has failed")
        await asyncio.to_thread(apache.restart)
        writer, offset = await taking
        await writer.stop()
        return offset

    assert asyncio.run(story()) == 0
