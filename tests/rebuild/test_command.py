"""`thalweg rebuild` as a person runs it."""

import json
import re
from pathlib import Path

import pytest

from streams.errors import ContractError, StoreError
from streams.rebuild.outcomes import PLACES, stored_outcomes
from streams.warehouse.generations import refuse_live, register
from streams.warehouse.target import alone
from tests.flow.conftest import thalweg

from .conftest import Database, Simulated

RANGE = ("--from", "2026-03-01", "--to", "2026-04-01")


def test_a_dry_run_shows_counts_and_sessions(simulated: Simulated) -> None:
    """For a person a table, for a program JSON; both say the same."""
    words = ("rebuild", "--app", "shop", "--from", "2026-03-01", "--to", "2026-04-01", "--dry-run")
    shown = thalweg(*words, "--store", str(simulated.folder), env={"COLUMNS": "120"})
    told = thalweg(*words, "--store", str(simulated.folder), "--json")

    assert (shown.returncode, told.returncode) == (0, 0), shown.stderr + told.stderr
    report = json.loads(told.stdout)
    assert report["dry_run"] is True
    assert report["late_adopted"] > 10
    assert re.search(rf"late_adopted\s+│ {report['late_adopted']} ", shown.stdout)
    assert len(report["sessions"]) == sum(report[f"sessions_{how}"] for how in ("added", "changed", "removed"))
    assert {row["change"] for row in report["sessions"]} == {"added", "changed", "removed"}


def test_settings_of_another_generation_are_refused(simulated: Simulated) -> None:
    """Live workers whose generation is not the store's newest do not write what we would mend."""
    words = ("rebuild", "--app", "shop", "--from", "2026-03-01", "--to", "2026-04-01")
    other = {"THALWEG_KAFKA__BROKERS": "127.0.0.1:1", "THALWEG_KAFKA__GENERATION": "7"}
    done = thalweg(*words, "--store", str(simulated.folder), env=other)

    assert done.returncode == 2
    assert "kafka.generation is 7, but the newest of this store is 1" in done.stderr


def test_no_broker_is_told_in_words(simulated: Simulated) -> None:
    """Live workers are to be told, and nobody answers."""
    where = {"THALWEG_KAFKA__BROKERS": "127.0.0.1:1"}
    done = thalweg("rebuild", "--app", "shop", *RANGE, "--store", str(simulated.folder), env=where)

    assert done.returncode == 4
    assert "no answer from Kafka at 127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_store_is_not_made_one(tmp_path: Path) -> None:
    """A mistyped name."""
    done = thalweg("rebuild", "--app", "shop", *RANGE, "--store", str(tmp_path / "typo"))

    assert done.returncode == 3
    assert not (tmp_path / "typo").exists()


def test_a_range_that_ends_before_it_begins_is_refused(simulated: Simulated) -> None:
    """Zeros would look like an answer."""
    swapped = ("--from", "2026-04-01", "--to", "2026-03-01")
    done = thalweg("rebuild", "--app", "shop", *swapped, "--store", str(simulated.folder))

    assert done.returncode == 2
    assert "--to is not after --from" in done.stderr


def test_one_writer_at_a_time(simulated: Simulated) -> None:
    """Two rebuilds at once could write rows of one version; the second is told to wait."""
    with alone(simulated.target), pytest.raises(StoreError, match="another run or rebuild"), alone(simulated.target):
        pass


def test_a_run_is_refused_where_live_workers_write(database: Database) -> None:
    """Its generation would be above theirs, and its rows would win for good."""
    refuse_live(database.client, database.name)
    register(database.client, database.name, "enriched", 2, 4)

    with pytest.raises(ContractError, match="live workers"):
        refuse_live(database.client, database.name)


def test_any_number_of_coordinates_is_asked_for(database: Database) -> None:
    """More than one statement may hold."""
    rows = database.rows("SELECT raw_topic, raw_partition, raw_offset, raw_index FROM {database}.outcomes FINAL")
    places = [(str(topic), int(part), int(offset), int(index)) for topic, part, offset, index in rows]

    assert len(places) > 5 * PLACES
    assert stored_outcomes(database.client, database.name, places).keys() == set(places)
