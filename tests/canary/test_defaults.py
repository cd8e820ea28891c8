"""Invariant 4: with the default rules nothing of what they promise to take is anywhere outside the restricted zone."""

import os
from pathlib import Path

import pytest

from tests.canary import records
from tests.canary.running import run_and_search

EVENTS = int(os.environ.get("THALWEG_TEST_CANARY_EVENTS", "1200"))
PLACES = (
    "enriched.page_title enriched.useragent enriched.properties events.page_title events.contexts events.properties"
    " events.event_id sessions.steps outcomes.app_id summary enrich.log sessions.log broker.log"
).split()


@pytest.mark.slow
def test_invariant_4_no_canary_survives_the_defaults(tmp_path: Path) -> None:
    """Of e-mail addresses, cards, network addresses, own ids, URL queries none is found; raw and dead hold them."""
    searched = run_and_search(records.lines(EVENTS), "records", EVENTS, tmp_path)

    assert searched.summary.records == EVENTS
    assert searched.summary.events >= EVENTS * 0.85
    assert searched.summary.dead >= EVENTS * 0.05
    assert searched.told() == set()
    assert [
        place for place in (*PLACES, "metrics of enrich", "metrics of sessions") if place not in searched.places
    ] == []
    assert {find.place.partition(".")[0] for find in searched.restricted} == {"raw", "dead"}
