"""Runs of the whole pipeline, as a person would start them, and the questions asked of their stores."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from streams.doctor.ledger import account_of_store, check_ledger
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import StoreAddress, open_store
from streams.warehouse.target import open_target
from tests.flow.live import Installation
from tests.flow.sql_sessions import ON_TIME, in_islands
from tests.kafka.apache import ApacheKafka, libs

PASSWORDLESS = {key: value for key, value in os.environ.items() if not key.startswith("THALWEG_")}
"""The environment without settings of ours."""
SHARED = Path(os.environ.get("THALWEG_SHARED", Path(__file__).parents[3] / "shared"))
Install = Callable[..., Installation]
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs the shared data folder beside the checkout")
ERDDAP = sorted((SHARED / "data/access_erddap_anon").glob("tomcat-access.log.*"))
ELASTIC = SHARED / "data/access_elastic_semicomplete/apache_logs"


PATIENCE = int(os.environ.get("THALWEG_TEST_PATIENCE", "600"))
"""Seconds for one command: more for a million events on a machine that does much else."""


def thalweg(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command as a process."""
    command = [sys.executable, "-m", "streams.cli", *args]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **(env or {})}, timeout=PATIENCE, check=False
    )


def run_files(files: Sequence[Path], format_: str, store: Path, *more: str) -> dict[str, Any]:
    """`thalweg run --json`; its summary. Fails the test with the command's own words, or when an offset is missing."""
    inputs = [word for file in files for word in ("--input", str(file))]
    done = thalweg("run", *inputs, "--format", format_, "--store", str(store), "--json", *more)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    with reading(store) as client:
        wrong = [finding for finding in check_ledger(account_of_store(client, "thalweg")) if not finding.ok]
    assert not wrong, wrong
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


@contextmanager
def reading(store: Path) -> Iterator[Client]:
    """A client on a store folder."""
    with open_target(str(store), load_settings(None)) as target:
        client = make_client(target.clickhouse, target.password)
        yield client
        client.disconnect()


NOT_COMPARED = "version, raw_topic, raw_partition, raw_offset, raw_index"


def contents(client: Client) -> dict[str, tuple[int, int, int]]:
    """Count and content hash of both views, all columns but version and raw coordinates (for sessions, version)."""
    return {
        view: client.execute(
            "SELECT count(), sum(h), groupBitXor(h) FROM (SELECT"
            f" cityHash64(formatRowNoNewline('JSONEachRow', * EXCEPT ({left_out}))) AS h FROM thalweg.{view})"
        )[0]
        for view, left_out in (("events_v", NOT_COMPARED), ("sessions_v", "version"))
    }


def islands(
    client: Client, gap_ms: int, *, longest_ms: int = 86_400_000, at_least: bool = False, database: str = "thalweg"
) -> set[tuple[Any, ...]]:
    """The sessions that SQL finds in ``events_v``: (app, visitor, start, end, events), by gaps and islands."""
    found = in_islands(database, ON_TIME, gap_ms, longest_ms, at_least=at_least)
    return set(
        client.execute(
            f"SELECT app_id, visitor_id, min(t), max(t), count() FROM ({found})"
            " GROUP BY app_id, visitor_id, island, part"
        )
    )


def sessions(client: Client, database: str = "thalweg") -> set[tuple[Any, ...]]:
    """(app, visitor, start, end, events) of ``sessions_v``, final ones only."""
    return set(
        client.execute(
            "SELECT app_id, visitor_id, toUnixTimestamp64Milli(start_tstamp), toUnixTimestamp64Milli(end_tstamp),"
            f" total_events FROM {database}.sessions_v WHERE is_final = 1"
        )
    )


# installations on Apache Kafka, for the tests marked `kafka`


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    """An Apache Kafka for this folder: it is killed."""
    if libs() is None:
        pytest.skip("needs Java 17 and Maven")
    broker = ApacheKafka(tmp_path_factory.mktemp("apache") / "kafka").start()
    yield broker
    broker.stop()


@pytest.fixture(scope="package")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAddress]:
    """The server of a store that outlives all workers; each installation has its database."""
    with open_store(tmp_path_factory.mktemp("store") / "store") as address:
        yield address


@contextmanager
def installing(broker: ApacheKafka, store: StoreAddress, folders: pytest.TempPathFactory) -> Iterator[Install]:
    """Makes installations, each with names of its own; nothing is in them yet. Their processes end with the context."""
    with ExitStack() as stack:

        def make(**given: object) -> Installation:
            folder = folders.mktemp("live")
            parts = {"brokers": broker.bootstrap, "store": store, "prefix": f"{folder.name}_", **given}
            installation = Installation(folder, **parts)  # type: ignore[arg-type]
            stack.callback(installation.close)
            return installation

        yield make


@pytest.fixture
def install(broker: ApacheKafka, store: StoreAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """For one test."""
    with installing(broker, store, tmp_path_factory) as make:
        yield make
