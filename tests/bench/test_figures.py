"""The figures of the session fold, small: that they measure what they say."""

from itertools import islice

import pytest

from streams.records import OWN_KEY, Event
from tests.bench.figures import FIGURES, LENGTH, Figure
from tests.bench.partition import BEGIN, Partition, heard, waves
from tests.bench.traffic import enriched, journeys


@pytest.mark.parametrize(("name", "unit"), [("fold", "us/event"), ("idle_marker", "us/marker")])
def test_a_figure_is_a_number_of_its_unit(name: str, unit: str) -> None:
    """Small sizes do."""
    figure = FIGURES[name](2000)
    assert isinstance(figure, Figure)
    assert (figure.n, figure.unit) == (2000, unit)
    assert figure.value > 0


def test_sessions_are_open_and_whole() -> None:
    """After all waves each visitor has one open session of twenty events, of real pages."""
    partition = Partition()
    partition.take([heard(BEGIN)])
    for batch in waves(journeys(2000, LENGTH), 30, 5):
        effects = partition.take(batch)
        assert not effects.alarms
    effects = partition.take([heard(BEGIN + 70_000)])
    assert [row.total_events for row in effects.sessions] == [LENGTH] * 30
    assert all(not row.is_final and row.steps for row in effects.sessions)
    assert len(partition.table) == 31


def test_traffic_is_simulated_and_enriched() -> None:
    """Real countries and devices; equal for equal sizes."""
    events = [record for record in islice(enriched(2000), 500) if isinstance(record, Event)]
    assert {event.raw_topic for event in events} == {"raw@1"}
    assert any(event.geo_country and event.br_family and event.page_urlpath for event in events)
    assert OWN_KEY not in {event.event_id for event in events}
