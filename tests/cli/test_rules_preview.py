"""`thalweg rules preview TOPIC` on a real broker: what the rules would do to what came in last."""

import asyncio
import json
import uuid
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app
from streams.errors import ContractError
from streams.kafka.admin import create_topics
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.producer import BatchProducer
from streams.kafka.security import plain
from streams.settings import KafkaSettings, Settings
from tests.kafka.conftest import embedded

__all__ = ["embedded"]
RULES = """
version: 1
rules:
  - {name: probes, action: drop_event, match: {fields: {useragent: {equals: [probe]}}}}
  - {name: queries, action: url_query, fields: [urls]}
"""
LINES = [
    b'192.0.2.1 - - [21/May/2026:10:00:00 +0000] "GET /old HTTP/1.1" 200 5 "-" "curl/8.5.0"',
    b'192.0.2.1 - - [21/May/2026:10:00:00 +0000] "GET /u?mail=ann@example.com HTTP/1.1" 200 5 "-" "curl/8.5.0"',
    b'192.0.2.2 - - [21/May/2026:10:00:01 +0000] "GET /healthz HTTP/1.1" 200 5 "-" "probe"',
    b"no line of a log",
]


@pytest.fixture
def topic(embedded: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> str:
    """A raw topic with four records; the settings name its broker."""
    name = f"raw-{uuid.uuid4().hex[:6]}"

    async def fill() -> None:
        await create_topics(plain(embedded.bootstrap), {name: (1, {})})
        kafka = KafkaSettings(brokers=embedded.bootstrap, idempotent=False)
        async with BatchProducer(Settings(kafka=kafka)) as producer:
            headers = (("format", b"combined"),)
            await producer.send(name, 0, [(None, line, headers) for line in LINES])

    asyncio.run(fill())
    monkeypatch.setenv("THALWEG_KAFKA__BROKERS", embedded.bootstrap)
    return name


def preview(topic: str, folder: Path, *words: str) -> Result:
    """The newest three records of the topic."""
    (folder / "rules.yaml").write_text(RULES)
    command = ["rules", "preview", topic, "--rules", str(folder / "rules.yaml"), "-n", "3", *words]
    return CliRunner().invoke(app, command)


def test_a_topic_is_previewed_for_people(topic: str, tmp_path: Path) -> None:
    """Changes, what is dropped and by which rule, counts; the format is the records' own."""
    done = preview(topic, tmp_path)

    assert done.exit_code == 0, done.output
    assert "page_url: '/u?mail=ann@example.com' → '/u'   (queries)" in done.stdout
    assert "dropped   (probes)" in done.stdout
    assert "2 events, 1 dropped" in done.stdout
    assert "1 records hold no event that can be read" in done.stdout
    assert "/old" not in done.stdout
    assert "do not pass it on" in done.stderr


def test_a_topic_is_previewed_for_programs(topic: str, tmp_path: Path) -> None:
    """A line an event, then totals; twice the same, for nothing was committed."""
    done, again = (preview(topic, tmp_path, "--json") for _ in range(2))

    first, second, last = map(json.loads, done.stdout.splitlines())
    assert {(c["field"], c["rule"], c["after"]) for c in first["changes"]} >= {("page_url", "queries", "/u")}
    assert second["dropped"] == "probes"
    assert (last["totals"]["events"], last["totals"]["dropped"], last["totals"]["unread"]) == (2, 1, 1)
    assert last["totals"]["hits"] == {"probes": 1, "queries": 2}
    assert again.stdout == done.stdout


def test_what_is_neither_file_nor_topic_is_an_error(topic: str, tmp_path: Path) -> None:
    """With the topic's name."""
    assert "there is no topic nowhere" in str(preview(f"nowhere-{topic}", tmp_path).exception)
    assert isinstance(preview(f"nowhere-{topic}", tmp_path).exception, ContractError)
