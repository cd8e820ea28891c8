import asyncio

import pytest

from streams.errors import ContractError
from streams.kafka.admin import RAW_CONFIG, create_topics, partitions_of
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.security import plain


def test_topics_are_there_with_their_partitions_and_may_be_there_before(embedded: EmbeddedBroker) -> None:
    """Creating twice changes nothing."""

    async def story() -> None:
        for _ in range(2):
            await create_topics(plain(embedded.bootstrap), {"a3": (3, RAW_CONFIG), "a1": (1, {})})
        assert await partitions_of(plain(embedded.bootstrap), "a3") == 3
        assert await partitions_of(plain(embedded.bootstrap), "a1") == 1

    asyncio.run(story())


def test_another_partition_count_is_refused(embedded: EmbeddedBroker) -> None:
    """Visitors would move between partitions."""

    async def story() -> None:
        await create_topics(plain(embedded.bootstrap), {"two": (2, {})})
        with pytest.raises(ContractError, match="topic two has 2 partitions, not 1"):
            await create_topics(plain(embedded.bootstrap), {"two": (1, {})})
        with pytest.raises(ContractError, match="topic two has 2 partitions, not 3"):
            await create_topics(plain(embedded.bootstrap), {"two": (3, {})})

    asyncio.run(story())


def test_asking_for_a_missing_topic_is_an_error_and_does_not_make_it(embedded: EmbeddedBroker) -> None:
    """The embedded broker makes topics that are asked for by name."""
    for _ in range(2):
        with pytest.raises(ContractError, match="there is no topic nowhere"):
            asyncio.run(partitions_of(plain(embedded.bootstrap), "nowhere"))
