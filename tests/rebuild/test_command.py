"""`thalweg rebuild` as a person runs it."""

import json
import re

from tests.flow.conftest import thalweg

from .conftest import Simulated


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
