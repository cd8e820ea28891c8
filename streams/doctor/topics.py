"""Whether the topics keep what they must and forget what they must: settings of the brokers against ours."""

from collections.abc import Iterator, Mapping

from streams.doctor.finding import Finding
from streams.kafka.admin import CHANGELOG_CONFIG, RAW_CONFIG
from streams.settings import Settings

_HOUR_MS = 3_600_000
_FOR_EVER = -1
_DEFAULTS = {
    "cleanup.policy": "delete",
    "message.timestamp.type": "CreateTime",
    "min.compaction.lag.ms": "0",
    "retention.ms": "604800000",
    "segment.ms": "604800000",
}
"""What holds where a broker names no value. Source: kafka.apache.org/documentation/#topicconfigs."""

Configs = Mapping[str, Mapping[str, str]]
"""Topic → its settings; a topic that does not exist is not in it."""


def check_topics(configs: Configs, settings: Settings, changelog: str) -> list[Finding]:
    """Findings on raw, dead and the changelog (its name is given), in this order."""
    kafka, retention = settings.kafka, settings.retention
    checks = (
        (
            kafka.raw_topic,
            lambda of: [*_arrival(kafka.raw_topic, of), *_short(kafka.raw_topic, of, retention.raw_hours)],
        ),
        (kafka.dead_topic, lambda of: _short(kafka.dead_topic, of, retention.dead_hours)),
        (changelog, lambda of: _compacted(changelog, of)),
    )
    told: list[Finding] = []
    for topic, check in checks:
        if topic in configs:
            told += check({**_DEFAULTS, **configs[topic]})
        else:
            told.append(
                Finding(
                    check="topic", subject=topic, ok=False, words="does not exist", mend="docs/operations.md#topics"
                )
            )
    return told


def _arrival(topic: str, config: Mapping[str, str]) -> Iterator[Finding]:
    ((key, wanted),) = RAW_CONFIG.items()
    found = config[key]
    yield Finding(
        check="arrival",
        subject=topic,
        ok=found == wanted,
        words=f"{key} is {found}",
        mend="" if found == wanted else f"set {key}={wanted}: else clients move arrival times",
    )


def _short(topic: str, config: Mapping[str, str], hours: int) -> Iterator[Finding]:
    """How long a record may stay: until its segment is closed, and from then on until the segment is deleted.

    Source: kafka.apache.org/documentation/#topicconfigs_retention.ms and #topicconfigs_segment.ms ("cleaning is always
    done a file at a time").
    """
    retention, segment = int(config["retention.ms"]), int(config["segment.ms"])
    stays = "for ever" if retention == _FOR_EVER else f"up to {(retention + segment) / _HOUR_MS:g} h"
    policies = {policy.strip() for policy in config["cleanup.policy"].split(",")}
    ok = policies == {"delete"} and retention != _FOR_EVER and retention + segment <= hours * _HOUR_MS
    half = hours * _HOUR_MS // 2
    yield Finding(
        check="retention",
        subject=topic,
        ok=ok,
        words=f"a record stays {stays} (retention.ms and segment.ms), {hours} h are allowed"
        if policies == {"delete"}
        else f"cleanup.policy is {config['cleanup.policy']}",
        mend=""
        if ok
        else f"set cleanup.policy=delete, and retention.ms + segment.ms <= {hours * _HOUR_MS}, as {half} each",
    )


def _compacted(topic: str, config: Mapping[str, str]) -> Iterator[Finding]:
    policy, lag = config["cleanup.policy"], int(config["min.compaction.lag.ms"])
    wanted = int(CHANGELOG_CONFIG["min.compaction.lag.ms"])
    yield Finding(
        check="compaction",
        subject=topic,
        ok=policy == "compact",
        words=f"cleanup.policy is {policy}",
        mend="" if policy == "compact" else "set cleanup.policy=compact: with delete, state is lost",
    )
    yield Finding(
        check="compaction",
        subject=topic,
        ok=lag >= wanted,
        words=f"min.compaction.lag.ms is {lag}",
        mend="" if lag >= wanted else f"set min.compaction.lag.ms={wanted}: a late writer's record must stay readable",
    )
