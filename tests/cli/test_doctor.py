import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.migrate import migrate
from streams.warehouse.target import open_target


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A migrated store folder, its server running, so that commands attach."""
    folder = tmp_path_factory.mktemp("doctor") / "store"
    with open_target(str(folder), load_settings(None)) as target:
        client = make_client(target.clickhouse, target.password)
        migrate(client, target.clickhouse.database)
        client.disconnect()
        yield folder


def thalweg(*words: str) -> Result:
    """The command."""
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "300"})


def test_retention_is_set_by_migrate_and_checked_by_doctor(store: Path, tmp_path: Path) -> None:
    """Wrong before, shown by the dry run, right after; the exit code says so."""
    config = tmp_path / "thalweg.yaml"
    config.write_text("retention: {events: 400, apps: {shop: {events: 30}}}\n")
    words = ("--store", str(store), "--config", str(config))
    before, dry = thalweg("doctor", *words, "--json"), thalweg("migrate", *words, "--dry-run")
    still, done, after = thalweg("doctor", *words), thalweg("migrate", *words), thalweg("doctor", *words, "--json")

    assert [before.exit_code, dry.exit_code, still.exit_code, done.exit_code, after.exit_code] == [1, 0, 1, 0, 0]
    findings = {each["subject"]: each for each in map(json.loads, before.output.splitlines())}
    found = ("session_patterns", "funnels", "funnel_steps", "patterns", "pattern_models")
    assert set(findings) == {"events", "sessions", "outcomes", "visitors", *found}
    assert [subject for subject, each in findings.items() if not each["ok"]] == ["events"]
    assert "pending" in dry.output
    assert "WRONG" in still.output
    assert "applied" in done.output
    assert "toIntervalDay(30)" in after.output


def test_a_ledger_needs_something_to_check() -> None:
    """Neither a store nor brokers: not a clean bill."""
    assert "neither a store nor brokers" in str(thalweg("doctor", "--ledger").exception)


def test_brokers_that_do_not_answer_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a clean bill."""
    monkeypatch.setenv("THALWEG_KAFKA__BROKERS", "127.0.0.1:1")
    done = thalweg("doctor")

    assert done.exit_code == 1
    assert "no answer from Kafka" in str(done.exception)
