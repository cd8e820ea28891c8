"""`thalweg worker rebuild` as a process, and what it does when it cannot."""

import asyncio
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.errors import ConfigError
from streams.metrics import Metrics
from streams.rebuild.job import REBUILD
from streams.rebuild.pending import find_pending
from streams.rebuild.schedule import Schedule
from streams.settings import RebuildSettings, Settings
from streams.warehouse.client import make_client
from streams.warehouse.lease import held
from tests.flow.conftest import PASSWORDLESS
from tests.kafka.waiting import wait_until

from .conftest import Database, with_early_copies

pytestmark = pytest.mark.slow


def settings_of(database: Database, **given: object) -> Settings:
    """Of the worker that rebuilds it."""
    where = {"clickhouse": database.target.clickhouse, "clickhouse_password": database.target.password}
    return Settings.model_validate({**where, "rebuild": RebuildSettings(every=1), **given})


def counted(metrics: Metrics, result: str) -> float:
    """Rebuilds that ended so."""
    return metrics.registry.get_sample_value("thalweg_rebuilds_total", {"result": result}) or 0.0


def free_port() -> int:
    """One that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def scraped(port: int) -> dict[str, float]:
    """Name → value of metrics without labels."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def test_the_worker_adopts_what_comes_late_again_and_again(
    database: Database, never_died: dict[str, object], tmp_path: Path
) -> None:
    """It finds apps and days by itself, tells what it did, and leaves at SIGTERM; no run of a command is needed."""
    waiting = partial(find_pending, database.client, database.name, 400)
    first, port = waiting(), free_port()
    where = database.target.clickhouse
    env = {
        **PASSWORDLESS,
        **database.environment,
        "THALWEG_CLICKHOUSE__HOST": where.host,
        "THALWEG_CLICKHOUSE__PORT": str(where.port),
        "THALWEG_CLICKHOUSE__USER": where.user,
        "THALWEG_CLICKHOUSE__DATABASE": database.name,
        "THALWEG_REBUILD__EVERY": "1",
        "THALWEG_METRICS_PORT": str(port),
    }
    log = tmp_path / "rebuild.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "streams.cli", "worker", "rebuild"], env=env, stdout=output, stderr=output
        ) as worker,
    ):
        try:
            wait_until(lambda: waiting() == [], 120, "the late events of the run")
            with_early_copies(database)
            wait_until(lambda: waiting() == [], 120, "those that came after it")
            wait_until(lambda: scraped(port)["thalweg_late_adopted_total"] > 300, 60, "the metrics")
            told = scraped(port)
        finally:
            worker.terminate()

    assert worker.returncode == 0, log.read_text()
    assert {each.app_id for each in first} == {"shop", "reader"}
    assert told["thalweg_late_waiting"] == 0
    assert told["thalweg_rebuild_done_timestamp_seconds"] > 1_700_000_000
    assert "Traceback" not in log.read_text()
    assert database.contents() == never_died
    assert database.visitors() == database.stitched()


def test_a_round_that_cannot_is_counted_and_the_next_one_can(database: Database) -> None:
    """While another one holds the store, and while nobody answers; settings of another generation end the worker."""
    metrics = Metrics()
    schedule = Schedule(settings_of(database), metrics)
    with held(partial(make_client, database.target.clickhouse, database.target.password), database.name, REBUILD):
        asyncio.run(schedule.once())
    asyncio.run(schedule.once())
    nowhere = database.target.clickhouse.model_copy(update={"port": free_port()})
    asyncio.run(Schedule(settings_of(database, clickhouse=nowhere), metrics).once())

    assert [counted(metrics, result) for result in ("held", "done", "failed")] == [1, 1, 1]
    with pytest.raises(ConfigError, match="generation is 7"):
        asyncio.run(Schedule(settings_of(database, kafka={"brokers": "x:1", "generation": 7}), metrics).once())


def test_late_events_beyond_the_window_are_left(database: Database) -> None:
    """Counted back from the newest event; the command can reach them with --from and --to."""
    everything = find_pending(database.client, database.name, 400)
    recent = find_pending(database.client, database.name, 1)
    of_one = find_pending(database.client, database.name, 400, "reader")

    assert [each.app_id for each in everything] == ["reader", "shop"]
    assert sum(each.events for each in recent) < sum(each.events for each in everything)
    assert of_one == everything[:1]
    ((late,),) = database.rows("SELECT count() FROM {database}.events FINAL WHERE is_late = 1")
    assert sum(each.events for each in everything) == late
