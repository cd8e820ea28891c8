import asyncio
import uuid

import pytest

from streams.doctor.finding import Finding
from streams.doctor.topics import check_topics
from streams.kafka.admin import CHANGELOG_CONFIG, RAW_CONFIG, configs_of, create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.security import plain
from streams.settings import Settings
from tests.kafka.apache import ApacheKafka
from tests.kafka.conftest import apache, embedded

__all__ = ["apache", "embedded"]
HOUR = 3_600_000
CHANGELOG = "changelog"
SHORT = {"retention.ms": str(80 * HOUR), "segment.ms": str(80 * HOUR)}
GOOD = {"raw": {**RAW_CONFIG, **SHORT}, "dead": SHORT, CHANGELOG: CHANGELOG_CONFIG}


def wrong(configs: dict[str, dict[str, str]], settings: Settings | None = None) -> list[tuple[str, str, str]]:
    """(check, subject, words) of what is not as it must be; each has a mend, and none of the others."""
    findings: list[Finding] = check_topics(configs, settings or Settings(), CHANGELOG)
    assert all(finding.ok != bool(finding.mend) for finding in findings)
    return [(finding.check, finding.subject, finding.words) for finding in findings if not finding.ok]


def test_topics_made_as_the_page_says_are_right() -> None:
    """Nothing to mend."""
    assert wrong(GOOD) == []
    assert len(check_topics(GOOD, Settings(), CHANGELOG)) == 5


@pytest.mark.parametrize(
    ("topic", "changed", "check", "words"),
    [
        ("raw", {"message.timestamp.type": "CreateTime"}, "arrival", "is CreateTime"),
        ("raw", {"retention.ms": "-1"}, "retention", "stays for ever"),
        ("raw", {"retention.ms": str(100 * HOUR)}, "retention", "up to 180 h"),
        ("raw", {"segment.ms": str(100 * HOUR)}, "retention", "up to 180 h"),
        ("raw", {"cleanup.policy": "compact"}, "retention", "cleanup.policy is compact"),
        ("raw", {"cleanup.policy": "compact,delete"}, "retention", "cleanup.policy is compact,delete"),
        ("dead", {"retention.ms": str(700 * HOUR)}, "retention", "up to 780 h"),
        (CHANGELOG, {"cleanup.policy": "delete"}, "compaction", "cleanup.policy is delete"),
        (CHANGELOG, {"cleanup.policy": "compact,delete"}, "compaction", "cleanup.policy is compact,delete"),
        (CHANGELOG, {"min.compaction.lag.ms": "0"}, "compaction", "min.compaction.lag.ms is 0"),
    ],
)
def test_each_wrong_setting_is_told(topic: str, changed: dict[str, str], check: str, words: str) -> None:
    """One setting, one finding."""
    ((found, subject, told),) = wrong({**GOOD, topic: {**GOOD[topic], **changed}})

    assert (found, subject) == (check, topic)
    assert words in told


def test_the_hours_allowed_are_the_settings() -> None:
    """Exactly as many are right, one less is wrong."""
    hours = {"raw_hours": 160, "dead_hours": 160}

    assert wrong(GOOD, Settings.model_validate({"retention": hours})) == []
    assert len(wrong(GOOD, Settings.model_validate({"retention": {"raw_hours": 159, "dead_hours": 159}}))) == 2


def test_kafkas_defaults_are_too_long_for_personal_data() -> None:
    """A week until a segment is closed and a week after: a topic made without settings is told."""
    assert [check for check, _, _ in wrong({"raw": {}, "dead": {}, CHANGELOG: {}})] == [
        "arrival", "retention", "compaction", "compaction",
    ]  # fmt: skip


def test_a_topic_that_is_not_there_is_told() -> None:
    """Not passed over."""
    assert [(subject, words) for _, subject, words in wrong({})] == [
        (topic, "does not exist") for topic in ("raw", "dead", CHANGELOG)
    ]


async def made_and_asked(bootstrap: str, configs: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The settings of new topics, as a broker gives them, by their first names; and of one that is not there."""
    run = uuid.uuid4().hex[:6]
    await create_topics(plain(bootstrap), {f"{name}-{run}": (1, config) for name, config in configs.items()})
    found = await configs_of(plain(bootstrap), [f"{name}-{run}" for name in configs] + [f"nowhere-{run}"])
    return {name.removesuffix(f"-{run}"): config for name, config in found.items()}


def test_the_embedded_brokers_settings_can_be_asked(embedded: EmbeddedBroker) -> None:
    """It gives those that were set; a missing topic is missing."""
    found = asyncio.run(made_and_asked(embedded.bootstrap, GOOD))

    assert set(found) == set(GOOD)
    assert wrong(found) == []


@pytest.mark.kafka
def test_apache_kafkas_settings_can_be_asked(apache: ApacheKafka) -> None:
    """What was set, and its own defaults for the rest: these are wrong where we think they are."""
    found = asyncio.run(made_and_asked(apache.bootstrap, GOOD))
    bare = asyncio.run(made_and_asked(apache.bootstrap, {"raw": {}, "dead": {}, CHANGELOG: {}}))

    assert wrong(found) == []
    assert wrong(bare) == wrong({"raw": {}, "dead": {}, CHANGELOG: {}})
    assert bare["raw"]["retention.ms"] == bare["raw"]["segment.ms"] == "604800000"
