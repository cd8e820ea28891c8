"""A run's settings reach its workers whole."""

from pathlib import Path

import pytest

from streams.run.environment import bounded_settings, worker_environment
from streams.settings import ClickHouseSettings, KafkaSettings, Settings, load_settings
from streams.warehouse.target import Target


def test_a_worker_reads_the_settings_of_its_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the variables say is what the run decided: broker, store, generation, app, bounded mode."""
    monkeypatch.delenv("THALWEG_CONFIG", raising=False)
    config = tmp_path / "thalweg.yaml"
    config.write_text("sessions: {gap: 7}\nkafka: {brokers: other:1}\n")
    target = Target(clickhouse=ClickHouseSettings(host="127.0.0.1", port=9123, secure=True), password="pass")
    user = Settings(app_id="shop", kafka=KafkaSettings(max_batch_bytes=70_000))
    settings = bounded_settings(user, "127.0.0.1:9555", 3, 4, target)
    environment = worker_environment(settings, target, b"s" * 32, config, tmp_path)
    for name, value in environment.items():
        if name.startswith("THALWEG_"):
            monkeypatch.setenv(name, value)
    read = load_settings(None)

    assert read.kafka == settings.kafka
    assert read.kafka.generation == 3
    assert read.kafka.raw_incarnation == 4
    assert not read.kafka.idempotent
    assert read.clickhouse == target.clickhouse
    assert (read.app_id, read.bounded, read.data_dir, read.sessions.gap) == ("shop", True, tmp_path, 7)
    assert read.clickhouse_password.get_secret_value() == "pass"
    assert read.secret is not None
    assert read.secret.get_secret_value() == "s" * 32
