"""Invariant 3, against SQL: every column of ``sessions_v`` is what gaps and islands over ``events_v`` give.

Before ``thalweg rebuild`` over the events on time, after it over all that are adopted, which are all but copies.
``THALWEG_TEST_DIFFERENTIAL_EVENTS`` sets how many lines (default 20,000).
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from clickhouse_driver import Client

from streams.simulate.options import SimulationOptions, SimulationSummary
from streams.simulate.simulation import simulate
from streams.warehouse.columns import SESSIONS
from tests.flow.conftest import PATIENCE, reading, run_files, thalweg
from tests.flow.shaken_lines import shake
from tests.flow.sql_sessions import GOALS, NOBODY, ON_TIME, in_islands, sessions_of

pytestmark = [pytest.mark.slow]
EVENTS = int(os.environ.get("THALWEG_TEST_DIFFERENTIAL_EVENTS", "20000"))
GAP_MS, LONGEST_MS, WINDOW_MS = 1_800_000, 86_400_000, 3_600_000
COLUMNS = {name: type_ for name, type_ in SESSIONS.columns.items() if name not in ("version", "is_deleted")}
ROUNDED = {"goal_value": "round(goal_value, 3)"}
SHOWN = 3


class Stored(NamedTuple):
    """A store after a run, the truth of what was put in, and what a question gave before the rebuild."""

    client: Client
    truth: SimulationSummary
    before: dict[str, Any]
    report: dict[str, Any]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    """A week of simulated traffic, run, asked, and rebuilt."""
    folder = tmp_path_factory.mktemp("differential")
    truth = simulate(SimulationOptions(events=EVENTS, seed=41), folder / "even", folder / "truth")
    shake(folder / "even", folder / "lines", 41)
    config, store = folder / "thalweg.yaml", folder / "store"
    config.write_text(yaml.safe_dump({"sessions": {"goals": GOALS}}))
    summary = run_files([folder / "lines"], "segment", store, "--config", str(config))
    print(f"run: {summary}")
    with reading(store) as client:
        client.connection.send_receive_timeout = PATIENCE
        before = {"sessions": differences(client, ON_TIME), "wrong": wrong_rules(client), **counts(client)}
        report = rebuild(config, store)
        print(f"rebuild: {report}")
        yield Stored(client, truth, before, report)


def rebuild(config: Path, store: Path) -> dict[str, Any]:
    """Of both apps, over all time: the sums of its reports."""
    sums: dict[str, Any] = {}
    for app in ("shop", "reader"):
        told = ["--app", app, "--from", "2026-01-01", "--to", "2027-01-01", "--config", str(config)]
        done = thalweg("rebuild", *told, "--store", str(store), "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads(done.stdout)
        counted = {name: n for name, n in report.items() if isinstance(n, int)}
        sums = {name: sums.get(name, 0) + n for name, n in counted.items()}
    return sums


def differences(client: Client, condition: str, **rules: Any) -> list[str]:
    """Rows, as JSON, that stand in ``sessions_v`` only or that only SQL finds; the first of each, after their number.

    Empty where both are equal in all columns.
    """
    judged = {"gap_ms": GAP_MS, "longest_ms": LONGEST_MS, **rules}
    found = sessions_of(in_islands("thalweg", condition, **judged), list(COLUMNS))
    for table, query in (("folded", "SELECT * FROM thalweg.sessions_v"), ("in_sql", found)):
        client.execute(f"CREATE OR REPLACE TABLE default.{table} (row String) ENGINE = Memory")
        client.execute(f"INSERT INTO default.{table} {as_json(query)}", settings={"prefer_column_name_to_alias": 1})
    return [*_only_in(client, "folded", "in_sql"), *_only_in(client, "in_sql", "folded")]


def as_json(query: str) -> str:
    """A query: the rows of another as texts, each column cast to its type in the table."""
    casts = [f"CAST({ROUNDED.get(name, name)} AS {type_}) AS {name}" for name, type_ in COLUMNS.items()]
    return f"SELECT formatRowNoNewline('JSONEachRow', *) AS row FROM (SELECT {', '.join(casts)} FROM ({query}))"


def _only_in(client: Client, one: str, other: str) -> list[str]:
    ((count,),) = client.execute(f"SELECT count() FROM default.{one} WHERE row NOT IN default.{other}")
    rows = client.execute(f"SELECT row FROM default.{one} WHERE row NOT IN default.{other} ORDER BY row LIMIT {SHOWN}")
    return [f"{count} only {one}", *[row for (row,) in rows]] if count else []


def wrong_rules(client: Client) -> dict[str, list[str]]:
    """What differs when SQL follows a wrong rule: the comparison is sharp where it is more than nothing."""
    wrong: dict[str, dict[str, Any]] = {
        "gap": {"gap_ms": GAP_MS - 60_000},
        "longest": {"longest_ms": 7 * LONGEST_MS},
        "late": {"condition": "1"},
    }
    found = {name: differences(client, **{"condition": ON_TIME, **rules}) for name, rules in wrong.items()}
    print("with wrong rules:", {name: [text for text in told if " only " in text] for name, told in found.items()})
    return found


def counts(client: Client) -> dict[str, int]:
    """Late events of visitors, and distinct events (of one id are all copies, for the simulator makes them so)."""
    ((late, distinct, sessions),) = client.execute(
        "SELECT countIf(is_late = 1), uniqExact(app_id, visitor_id, event_id),"
        f" (SELECT count() FROM thalweg.sessions_v) FROM thalweg.events_v WHERE visitor_id != {NOBODY}"
    )
    return {"late": late, "distinct": distinct, "sessions_v": sessions}


def test_invariant_3_sessions_equal_gaps_and_islands_over_the_events_on_time(stored: Stored) -> None:
    """Every column of every row; and there are as many as the simulator made."""
    assert stored.before["sessions"] == []
    assert stored.before["sessions_v"] == stored.truth.sessions


@pytest.mark.parametrize("rule", ["gap", "longest", "late"])
def test_the_comparison_notices_a_wrong_rule(rule: str, stored: Stored) -> None:
    """A gap of a minute less, no longest time, or late events folded too: SQL finds other sessions."""
    assert stored.before["wrong"][rule] != []


def test_after_rebuild_sessions_equal_gaps_and_islands_over_all_adopted(stored: Stored) -> None:
    """Late events have joined sessions; every column of every row is what SQL finds over all that is adopted."""
    assert stored.report["late_adopted"] > 0
    assert stored.report["late_waiting"] == 0
    assert differences(stored.client, ON_TIME) == []


def test_rebuild_adopts_every_late_event_but_copies(stored: Stored) -> None:
    """No event is lost or doubled, and what stays late has a copy near it that is not."""
    after = counts(stored.client)
    ((without_copy,),) = stored.client.execute(
        "SELECT count() FROM thalweg.events_v AS late WHERE is_late = 1 AND NOT EXISTS"
        " (SELECT 1 FROM thalweg.events_v AS kept WHERE kept.is_late = 0 AND kept.event_id = late.event_id"
        f" AND abs(dateDiff('ms', kept.derived_tstamp, late.derived_tstamp)) <= {WINDOW_MS})"
    )

    print(f"late before {stored.before['late']}, after {after['late']}; adopted {stored.report['late_adopted']}")
    assert after["distinct"] == stored.before["distinct"]
    assert without_copy == 0
    assert stored.before["late"] - after["late"] >= stored.report["late_adopted"]
