"""Invariant 4: with the default rules nothing of what they promise to take is anywhere outside the restricted zone."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.settings import FormatName
from tests.canary import combined, segment
from tests.canary.running import run_and_search

EVENTS = int(os.environ.get("THALWEG_TEST_CANARY_EVENTS", "1000"))
Lines = Callable[[int], Iterator[bytes]]


@pytest.mark.parametrize(("format_", "lines"), [("segment", segment.lines), ("combined", combined.lines)])
def test_invariant_4_no_canary_survives_the_defaults(format_: FormatName, lines: Lines, tmp_path: Path) -> None:
    """Of e-mail addresses, cards, addresses, own ids, URL queries none is found; raw and dead hold them."""
    searched = run_and_search(lines(EVENTS), format_, EVENTS, tmp_path)

    assert searched.summary.records == EVENTS
    assert searched.summary.events >= EVENTS * 0.85
    assert searched.summary.dead >= EVENTS * 0.05
    assert searched.told() == set()
    for place in ("events.page_title", "events.properties", "enriched.useragent", "metrics of enrich", "enrich.log"):
        assert place in searched.places
    assert {find.place.partition(".")[0] for find in searched.restricted} == {"raw", "dead"}
