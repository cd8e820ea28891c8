"""Runs into a store that holds data: as if all had been loaded in one."""

import asyncio
from pathlib import Path

import pytest

from streams.rebuild.after_run import rebuild_after_run
from streams.warehouse.generations import ENRICHED, REBUILT, next_generation, not_rebuilt
from tests.flow.conftest import contents, reading, run_files

from .conftest import EVENTS, Database, Simulated

pytestmark = pytest.mark.slow


def test_invariant_3_two_runs_equal_one(simulated: Simulated, tmp_path: Path) -> None:
    """The lines in two files, parted within sessions: both views hold what one run over all lines gives."""
    lines = simulated.lines.read_text().splitlines(keepends=True)
    files = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    for file, part in zip(files, (lines[: EVENTS // 2], lines[EVENTS // 2 :]), strict=True):
        file.write_text("".join(part))
    store = tmp_path / "store"
    store.mkdir(mode=0o700)
    secret = store / "secret"
    secret.touch(mode=0o600)
    secret.write_bytes((simulated.folder / "secret").read_bytes())

    run_files([files[0]], "segment", store)
    with reading(store) as client:
        half = set(client.execute("SELECT visitor_id, session_id, end_tstamp FROM thalweg.sessions_v"))
    run_files([files[1]], "segment", store)

    with reading(store) as client:
        whole = set(client.execute("SELECT visitor_id, session_id, end_tstamp FROM thalweg.sessions_v"))
        found = contents(client)
    assert len(half - whole) > 1, "no session spans both files"
    assert found == contents(simulated.client)


def test_the_first_run_has_nothing_to_rebuild(database: Database) -> None:
    """It is marked as done."""
    kinds = "SELECT kind, generation FROM {database}.generations FINAL WHERE kind IN ('enriched', 'rebuilt')"

    assert sorted(database.rows(kinds)) == [(ENRICHED, 1), (REBUILT, 1)]
    assert not_rebuilt(database.client, database.name) == []


def test_runs_that_died_are_rebuilt_too(database: Database) -> None:
    """A generation that never came to its rebuild is part of the next one's; late events are not adopted."""
    client, name = database.client, database.name
    sessions = database.sessions()
    for generation in (2, 3):
        assert next_generation(client, name, "raw", "enriched", 2)[0] == generation
    # rows as two runs leave them that each saw a part of the visitors' events
    database.rows(
        "INSERT INTO {database}.events"
        " SELECT * REPLACE(bitShiftLeft(toUInt64(2 + modulo(raw_offset, 2)), 48) AS version)"
        " FROM {database}.events FINAL WHERE is_late = 0"
    )
    database.rows(
        "INSERT INTO {database}.sessions SELECT * REPLACE(bitShiftLeft(toUInt64(2), 48) AS version, 1 AS session_index,"
        " end_tstamp + toIntervalSecond(1) AS end_tstamp) FROM {database}.sessions FINAL"
    )
    database.rows(
        "INSERT INTO {database}.progress SELECT 3, partition, applied, watermark FROM {database}.progress FINAL"
    )
    late = sum(event[4] for event in database.events())
    assert database.sessions() != sessions

    report = asyncio.run(rebuild_after_run(client, database.target, database.settings))

    assert database.sessions() == sessions
    assert (report.late_adopted, sum(event[4] for event in database.events())) == (0, late)
    assert not_rebuilt(client, name) == []
    assert asyncio.run(rebuild_after_run(client, database.target, database.settings)).visitors_changed == 0
