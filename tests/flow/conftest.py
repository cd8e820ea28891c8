"""Runs of the whole pipeline, as a person would start them, and the questions asked of their stores."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.target import open_target

PASSWORDLESS = {key: value for key, value in os.environ.items() if not key.startswith("THALWEG_")}
"""The environment without settings of ours."""
SHARED = Path(os.environ.get("THALWEG_SHARED", Path(__file__).parents[3] / "shared"))
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs the shared data folder beside the checkout")
ERDDAP = sorted((SHARED / "data/access_erddap_anon").glob("tomcat-access.log.*"))
ELASTIC = SHARED / "data/access_elastic_semicomplete/apache_logs"


def thalweg(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command as a process."""
    command = [sys.executable, "-m", "streams.cli", *args]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **(env or {})}, timeout=600, check=False
    )


def run_files(files: Sequence[Path], format_: str, store: Path, *more: str) -> dict[str, Any]:
    """`thalweg run --json`; its summary. Fails the test with the command's own words."""
    inputs = [word for file in files for word in ("--input", str(file))]
    done = thalweg("run", *inputs, "--format", format_, "--store", str(store), "--json", *more)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
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


def islands(client: Client, gap_ms: int, *, at_least: bool = False) -> set[tuple[Any, ...]]:
    """The sessions that SQL finds in ``events_v``: (app, visitor, start, end, events), by gaps and islands."""
    beyond = ">=" if at_least else ">"
    over = (
        "OVER (PARTITION BY app_id, visitor_id ORDER BY t, event_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    )
    rows = client.execute(
        f"""
        SELECT app_id, visitor_id, min(t), max(t), count()
        FROM (
            SELECT app_id, visitor_id, t, sum(is_first) {over} AS island
            FROM (
                SELECT app_id, visitor_id, event_id, toUnixTimestamp64Milli(derived_tstamp) AS t,
                       if(row_number() {over} = 1 OR t - lagInFrame(t) {over} {beyond} {gap_ms}, 1, 0) AS is_first
                FROM thalweg.events_v
                WHERE is_late = 0 AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000')
            )
        )
        GROUP BY app_id, visitor_id, island
        """
    )
    return set(rows)


def sessions(client: Client) -> set[tuple[Any, ...]]:
    """(app, visitor, start, end, events) of ``sessions_v``, final ones only."""
    return set(
        client.execute(
            "SELECT app_id, visitor_id, toUnixTimestamp64Milli(start_tstamp), toUnixTimestamp64Milli(end_tstamp),"
            " total_events FROM thalweg.sessions_v WHERE is_final = 1"
        )
    )
