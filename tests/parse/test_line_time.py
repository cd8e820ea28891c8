"""The time of a log line."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.parse.line_time import line_time


@pytest.mark.parametrize(
    ("text", "tstamp"),
    [
        pytest.param("20/May/2024:00:00:18 +0000", 1_716_163_218_000, id="UTC"),
        pytest.param("20/May/2024:02:00:18 +0200", 1_716_163_218_000, id="east"),
        pytest.param("19/May/2024:18:30:18 -0530", 1_716_163_218_000, id="west"),
        pytest.param("31/Dec/2016:23:59:60 +0000", 1_483_228_800_000, id="leap second"),
        pytest.param("01/Jan/1970:00:00:00 +0000", 0, id="the first instant"),
        pytest.param("31/Dec/1969:23:59:59 +0000", None, id="before the first"),
        pytest.param("31/Dec/2106:23:59:59 +0000", None, id="after the last"),
        pytest.param("20/May/2024:00:00:61 +0000", None, id="no such second"),
        pytest.param("20/May/2024:24:00:00 +0000", None, id="no such hour"),
        pytest.param("30/Feb/2024:00:00:00 +0000", None, id="no such day"),
        pytest.param("20/Mai/2024:00:00:18 +0000", None, id="no such month"),
        pytest.param("20/May/2024:00:00:18 +9900", None, id="no such zone"),
        pytest.param("01/Jan/0001:00:00:00 +2300", None, id="far past, overflow"),
    ],
)
def test_line_time(text: str, tstamp: int | None) -> None:
    """Each text of the shape gives its instant, or None."""
    assert line_time(text) == tstamp


@given(st.datetimes(datetime(1971, 1, 1), datetime(2105, 1, 1)), st.integers(-1439, 1439))
def test_every_second_in_every_zone(naive: datetime, minutes: int) -> None:
    """The instant is the same as Python's own."""
    moment = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))

    assert line_time(moment.strftime("%d/%b/%Y:%H:%M:%S %z")) == int(moment.timestamp()) * 1000
