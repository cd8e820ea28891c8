"""A key forgotten under a running enrich worker: from then on no pseudonym of its days, and no dead letter either."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.kafka.embedded import EmbeddedBroker
from streams.records import Event, Outcome
from tests.agents.running import running_enrich, sent_until

RULES = """
version: 1
rules:
  - {name: who, action: pseudonymize, fields: [visitor_id, user_id], key: visitors, rotation: daily}
"""
OLD, NEW = (datetime.now(UTC) - timedelta(days=days) for days in (3, 2))


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """One broker."""
    with EmbeddedBroker(tmp_path_factory.mktemp("broker") / "broker.log") as running:
        yield running


def message(at: datetime, number: int) -> bytes:
    """One person's."""
    return json.dumps(
        {"type": "track", "event": "e", "anonymousId": "ann-12345", "timestamp": at.isoformat(), "messageId": number}
    ).encode()


def keys(*words: str) -> None:
    """`thalweg rules keys` that must end well."""
    done = CliRunner().invoke(app, ["rules", "keys", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def is_forgotten(record: Event | Outcome) -> bool:
    """Refused for its key."""
    return isinstance(record, Outcome) and (record.outcome, record.reason) == ("dropped", "key_forgotten")


def visitors(records: list[Event | Outcome], day: datetime) -> set[bytes]:
    """Of the events of that day."""
    return {r.visitor_id for r in records if isinstance(r, Event) and r.derived_tstamp == int(day.timestamp() * 1000)}


def test_forgetting_takes_effect_without_a_restart(
    broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events of the day are refused from then on, old raw records too; the other days keep their pseudonyms."""
    old, new = OLD.replace(microsecond=0), NEW.replace(microsecond=0)
    (tmp_path / "rules.yaml").write_text(RULES)
    monkeypatch.setenv("THALWEG_KEYS_FILE", str(tmp_path / "visitor.keys"))
    keys("rotate", "visitors", "--rotation", "daily")
    settings = {"FORMAT": "segment", "RULES": str(tmp_path / "rules.yaml"), "ENRICH__RELOAD_INTERVAL": "0.2"}

    with running_enrich(broker.bootstrap, tmp_path, **settings) as topics:

        def run(day: datetime, done: Callable[[Event | Outcome], bool]) -> list[Event | Outcome]:
            return asyncio.run(sent_until(broker.bootstrap, topics, lambda number: message(day, number), done))

        run(new, lambda record: bool(visitors([record], new)))
        before = run(old, lambda record: bool(visitors([record], old)))
        keys("forget", "visitors", "--day", old.date().isoformat(), "--yes")
        first = next(filter(is_forgotten, run(old, is_forgotten))).raw_offset
        after = run(new, lambda record: record.raw_offset > first and bool(visitors([record], new)))

    later = [record for record in after if record.raw_offset >= first]
    assert len(visitors(before, old)) == len(visitors(before, new)) == 1
    assert visitors(later, old) == set()
    assert visitors(later, new) == visitors(before, new)
    log = (tmp_path / "log").read_text()
    assert "keys_file: the changed file is in use" in log
    assert "ann-12345" not in log
