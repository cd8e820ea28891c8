"""Invariant 4: with strict rules no canary at all is anywhere outside the restricted zone."""

from pathlib import Path

import pytest

from streams.keyring.file import load_keys
from tests.canary import records
from tests.canary.running import run_and_search
from tests.canary.test_control import STRICT
from tests.canary.test_defaults import EVENTS, PLACES


@pytest.mark.slow
def test_invariant_4_no_canary_survives_strict_rules(tmp_path: Path) -> None:
    """Names in free text included; visitors have a new pseudonym each day, by a key that the store made."""
    lines = records.lines(EVENTS, free=True, packed="{mail} {user} {free}")
    searched = run_and_search(lines, "records", EVENTS, tmp_path, STRICT)

    assert searched.summary.records == EVENTS
    assert searched.summary.events >= EVENTS * 0.85
    assert searched.told() == set()
    assert {*PLACES} - searched.places.keys() <= {"events.contexts", "enriched.contexts"} | EMPTIED
    assert {find.place.partition(".")[0] for find in searched.restricted} == {"raw", "dead"}
    assert load_keys(tmp_path / "store" / "keys").keys() == {"visitors"}


EMPTIED = {"enriched.page_title", "events.page_title"}
"""What the rules leave nothing in has nothing to search."""
