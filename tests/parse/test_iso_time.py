"""ISO 8601 texts, as trackers write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.parse.iso_time import iso_time
from streams.parse.range import LATEST

BASE = 1_716_163_218_000  # 2024-05-20T00:00:18Z


@pytest.mark.parametrize(
    ("text", "tstamp"),
    [
        pytest.param("2024-05-20T00:00:18Z", BASE, id="seconds"),
        pytest.param("2024-05-20T00:00:18.123Z", BASE + 123, id="JavaScript"),
        pytest.param("2024-05-20T00:00:18.1Z", BASE + 100, id="one digit"),
        pytest.param("2024-05-20T00:00:18.123999Z", BASE + 123, id="microseconds are cut"),
        pytest.param("2024-05-20T00:00:18.123999999Z", BASE + 123, id="Go, nanoseconds"),
        pytest.param("2024-05-20T00:00:18,123Z", BASE + 123, id="decimal comma"),
        pytest.param("2024-05-20T02:00:18+02:00", BASE, id="zone"),
        pytest.param("2024-05-20T02:00:18+0200", BASE, id="zone without colon"),
        pytest.param("2024-05-20T02:00:18+02", BASE, id="zone in hours"),
        pytest.param("2024-05-19T18:30:18-05:30", BASE, id="zone west"),
        pytest.param("2024-05-20 00:00:18", BASE, id="no zone: UTC, a space"),
        pytest.param("2024-05-20 00:00:18 UTC", BASE, id="Ruby"),
        pytest.param("2024-05-20t00:00:18z", BASE, id="lower case"),
        pytest.param(" 2024-05-20T00:00:18Z ", BASE, id="spaces around"),
        pytest.param("20240520T000018Z", BASE, id="basic"),
        pytest.param("2024-05-20", BASE - 18_000, id="a date alone"),
        pytest.param("2024-W21-1", BASE - 18_000, id="a week date"),
        pytest.param("2024-05-20T00:00", BASE - 18_000, id="no seconds"),
        pytest.param("2024-05-19T24:00:00Z", BASE - 18_000, id="end of day"),
        pytest.param("2024-05-19T24:00Z", BASE - 18_000, id="end of day, short"),
        pytest.param("2016-12-31T23:59:60Z", 1_483_228_800_000, id="leap second"),
        pytest.param("2016-12-31T23:59:60.500Z", 1_483_228_800_500, id="leap second with fraction"),
        pytest.param("1970-01-01T00:00:00Z", 0, id="the first instant"),
        pytest.param("1969-12-31T23:59:59.999Z", None, id="before the first"),
        pytest.param("2106-02-07T06:28:15.999Z", LATEST, id="the last instant"),
        pytest.param("2106-02-07T06:28:16Z", None, id="after the last"),
        pytest.param("9999-12-31T23:59:59-23:59", None, id="far future, overflow"),
        pytest.param("0001-01-01T00:00:00+23:59", None, id="far past, overflow"),
        pytest.param("2024-02-30T00:00:00Z", None, id="no such day"),
        pytest.param("2024-05-20T25:00:00Z", None, id="no such hour"),
        pytest.param("2024-05-20T24:00:01Z", None, id="past the end of day"),
        pytest.param("1716163218000", None, id="a number"),
        pytest.param("Mon May 20 2024", None, id="words"),
        pytest.param("", None, id="empty"),
        pytest.param("2" * 10_000, None, id="long"),
    ],
)
def test_iso_time(text: str, tstamp: int | None) -> None:
    """Each form gives its instant, or None."""
    assert iso_time(text) == tstamp


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text raises, and what is read is in range."""
    tstamp = iso_time(text)

    assert tstamp is None or 0 <= tstamp <= LATEST


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2105, 1, 1)),
    st.integers(-1439, 1439),
)
def test_every_instant_in_every_zone(naive: datetime, minutes: int) -> None:
    """A time with a zone is the same instant as Python's own."""
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    assert iso_time(moment.isoformat()) == expected
