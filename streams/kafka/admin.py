"""Creates topics and reads partition counts."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from streams.errors import ContractError, StoreError

RAW_CONFIG = {"message.timestamp.type": "LogAppendTime"}
"""Arrival times come from the broker, so no client moves them."""
CHANGELOG_CONFIG = {
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": "86400000",
    "min.cleanable.dirty.ratio": "0.1",
}
"""A record stays readable for a day after it was superseded: longer than any zombie writes."""
VISIBLE_SECONDS = 30.0
Connection = Mapping[str, Any]
"""Addresses, TLS and SASL: what ``security.connection`` gives."""


async def create_topics(
    connection: Connection, topics: Mapping[str, tuple[int, Mapping[str, str]]], replication_factor: int = 1
) -> None:
    """Create what is missing of ``{name: (partitions, configs)}`` and wait until every partition has a leader.

    Raises ContractError when a topic exists with another partition count, StoreError when the broker refuses.
    """
    admin = AIOKafkaAdminClient(**connection)
    await admin.start()
    try:
        new = [NewTopic(name, count, replication_factor, topic_configs=dict(c)) for name, (count, c) in topics.items()]
        answer = await admin.create_topics(new)
        for name, code, *_ in answer.topic_errors:
            error = for_code(code)
            if error is TopicAlreadyExistsError:
                await _check_count(admin, name, topics[name][0])
            elif code:
                raise StoreError(f"topic {name} cannot be created: {error.__name__}", "look at the broker's log")
        await _visible(admin, {name: count for name, (count, _) in topics.items()})
    finally:
        await admin.close()


async def partitions_of(connection: Connection, topic: str) -> int:
    """How many partitions the topic has. Raises ContractError when there is no such topic."""
    admin = AIOKafkaAdminClient(**connection)
    await admin.start()
    try:
        # a broker may create a missing topic that is asked for by name
        leaders = await _leaders(admin, [topic]) if topic in await admin.list_topics() else {}
        if not leaders:
            raise ContractError(f"there is no topic {topic}", "create it, or give the user the right to describe it")
        return len(leaders[topic])
    finally:
        await admin.close()


async def configs_of(connection: Connection, topics: Sequence[str]) -> dict[str, dict[str, str]]:
    """The settings of those topics that exist, as the broker gives them: some give only what differs from a default."""
    admin = AIOKafkaAdminClient(**connection)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics if topic in there]
        answers = await admin.describe_configs(asked) if asked else []
    finally:
        await admin.close()
    found = {}
    for answer in answers:
        for code, message, _, topic, entries in answer.resources:
            if code:
                raise StoreError(f"the settings of topic {topic} cannot be read: {message}", "allow DescribeConfigs")
            found[topic] = {name: value for name, value, *_ in entries if value is not None}
    return found


def no_answer(brokers: str, error: Exception) -> ContractError:
    """What to tell when the first word to Kafka failed."""
    return ContractError(
        f"no answer from Kafka at {brokers}: {error}", "check kafka.brokers, security_protocol and password"
    )


async def _visible(admin: AIOKafkaAdminClient, counts: Mapping[str, int]) -> None:
    deadline = time.monotonic() + VISIBLE_SECONDS
    while True:
        leaders = await _leaders(admin, list(counts))
        if all(len(leaders.get(n, ())) == count and -1 not in leaders[n] for n, count in counts.items()):
            return
        if time.monotonic() > deadline:
            raise StoreError("topics have no leader yet: " + ", ".join(sorted(counts)), "look at the broker's log")
        await asyncio.sleep(0.1)


async def _check_count(admin: AIOKafkaAdminClient, name: str, wanted: int) -> None:
    found = len((await _leaders(admin, [name])).get(name, ()))
    if found != wanted:
        raise ContractError(
            f"topic {name} has {found} partitions, not {wanted}",
            "give its true count, or use a new topic and generation",
        )


async def _leaders(admin: AIOKafkaAdminClient, topics: list[str]) -> dict[str, list[int]]:
    try:
        described = await admin.describe_topics(topics)
    except KafkaError:
        return {}
    return {
        topic["topic"]: [part["leader"] for part in topic["partitions"]]
        for topic in described
        if not topic["error_code"]
    }
