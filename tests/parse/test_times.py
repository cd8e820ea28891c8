"""Collector, arrival and event time, at every boundary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.outcome import Dead, Reason
from streams.parse.range import LATEST
from streams.parse.times import Times, header_tstamp, make_arrival, make_times
from streams.records import ParsedEvent

K = 1_716_163_218_000
DISORDER = 600_000
MAX_AGE = 400 * 86_400_000

live = make_times(DISORDER, MAX_AGE, bounded=False)
bounded = make_times(DISORDER, MAX_AGE, bounded=True)


def event(
    own: int | None = None, created: int | None = None, sent: int | None = None, true: int | None = None
) -> ParsedEvent:
    return ParsedEvent(
        event="page_view",
        collector_tstamp=own,
        dvce_created_tstamp=created,
        dvce_sent_tstamp=sent,
        true_tstamp=true,
    )


@pytest.mark.parametrize(
    ("header", "own", "collector"),
    [
        pytest.param(K - 1, K - 2, K - 1, id="the header's beats the event's own"),
        pytest.param(None, K - 2, K - 2, id="the event's own beats Kafka's"),
        pytest.param(0, K - 2, 0, id="zero is a time"),
    ],
)
def test_collector_time(header: int | None, own: int | None, collector: int) -> None:
    """The collector time is the first present of header, event and Kafka timestamp."""
    times = bounded(event(own), K, header)

    assert isinstance(times, Times)
    assert times.collector == collector


def test_kafkas_time_is_the_last_resort_of_live_input() -> None:
    """The event's other times are a device's, and not believed there."""
    assert live(event(created=K - 9, sent=K - 9), K, None) == Times(K, K, K)
    assert live(event(true=K - 9), K, None) == Times(K, K, K - 9)
    assert live(event(), K, None) == Times(K, K, K)


@pytest.mark.parametrize(
    ("times", "collector"),
    [({"sent": 9, "true": 8, "created": 7}, 9), ({"true": 8, "created": 7}, 8), ({"created": 7}, 7)],
)
def test_in_bounded_input_the_events_own_times_come_next(times: dict[str, int], collector: int) -> None:
    """Kafka's clock tells when a file was loaded, which is no time of the input."""
    found = bounded(event(**times), K, None)

    assert isinstance(found, Times)
    assert found.collector == found.arrival == collector


def test_bounded_input_without_any_time_is_dead() -> None:
    """It would close every session before it."""
    found = bounded(event(), K, None)

    assert isinstance(found, Dead)
    assert found.reason == Reason.TIME_UNREADABLE


@pytest.mark.parametrize(
    ("collector", "arrival"),
    [
        pytest.param(K + 1, K, id="after Kafka's: Kafka's"),
        pytest.param(K, K, id="at Kafka's"),
        pytest.param(K - 1, K - 1, id="1 ms before"),
        pytest.param(K - DISORDER + 1, K - DISORDER + 1, id="1 ms inside the disorder"),
        pytest.param(K - DISORDER, K - DISORDER, id="at the disorder"),
        pytest.param(K - DISORDER - 1, K - DISORDER, id="1 ms beyond the disorder"),
    ],
)
def test_arrival_is_clamped_in_live_input(collector: int, arrival: int) -> None:
    """Arrival lies in [k - disorder, k], and is the collector's time inside it; in bounded input it always is."""
    assert live(event(), K, collector) == Times(collector, arrival, min(collector, arrival))
    assert bounded(event(), K, collector) == Times(collector, collector, collector)


@pytest.mark.parametrize(
    ("created", "sent", "true", "derived"),
    [
        pytest.param(None, None, None, K, id="nothing known: the collector's"),
        pytest.param(500, 700, None, K - 200, id="corrected by the device's own difference"),
        pytest.param(699, 700, None, K - 1, id="created 1 ms before sent"),
        pytest.param(700, 700, None, K, id="created when sent"),
        pytest.param(701, 700, None, K, id="created 1 ms after sent: not believed"),
        pytest.param(500, None, None, K, id="created alone says nothing"),
        pytest.param(None, 700, None, K, id="sent alone says nothing"),
        pytest.param(500, 700, K - 9, K - 9, id="the true time beats the correction"),
        pytest.param(None, None, K - 1, K - 1, id="true 1 ms before arrival"),
        pytest.param(None, None, K, K, id="true at arrival"),
        pytest.param(None, None, K + 1, K, id="true 1 ms after arrival: arrival"),
        pytest.param(None, None, K - MAX_AGE, K - MAX_AGE, id="as old as may be"),
        pytest.param(0, MAX_AGE, None, K - MAX_AGE, id="as old as may be, corrected"),
    ],
)
def test_event_time(created: int | None, sent: int | None, true: int | None, derived: int) -> None:
    """The event time is the true time, else the corrected one, else the collector's, and never after arrival."""
    assert live(event(K, created, sent, true), K, None) == Times(K, K, derived)


@pytest.mark.parametrize(
    ("kafka", "parsed"),
    [
        pytest.param(K, event(true=K - MAX_AGE - 1), id="1 ms too old"),
        pytest.param(K, event(created=0, sent=MAX_AGE + 1), id="1 ms too old, corrected"),
        pytest.param(K, event(own=-1), id="collector before 1970"),
        pytest.param(K, event(own=LATEST + 1), id="collector after what dates hold"),
        pytest.param(100, event(created=0, sent=101), id="corrected to before 1970"),
    ],
)
def test_time_out_of_range_is_dead(kafka: int, parsed: ParsedEvent) -> None:
    """Too old, or not storable: dead, time_range."""
    verdict = live(parsed, kafka, None)

    assert isinstance(verdict, Dead)
    assert verdict.reason is Reason.TIME_RANGE


@pytest.mark.parametrize(
    ("is_bounded", "collector", "arrival"),
    [
        (False, None, K),
        (False, K - DISORDER - 1, K - DISORDER),
        (False, K - DISORDER, K - DISORDER),
        (False, K + 1, K),
        (False, LATEST + 1, K),
        (True, None, K),
        (True, K - DISORDER - 1, K - DISORDER - 1),
        (True, K + 1, K + 1),
        (True, LATEST + 1, K),
    ],
)
def test_arrival_of_a_record_without_event(is_bounded: bool, collector: int | None, arrival: int) -> None:
    """A record that gave no event arrives by its header, else by Kafka's time."""
    assert make_arrival(DISORDER, is_bounded)(K, collector) == arrival


@pytest.mark.parametrize(
    ("text", "tstamp"),
    [
        ("0", 0),
        (str(K), K),
        (str(LATEST), LATEST),
        (str(LATEST + 1), None),
        ("-1", None),
        ("", None),
        ("1.5", None),
        (" 1", None),
        ("٣", None),
        ("9" * 5000, None),
    ],
)
def test_header_tstamp(text: str, tstamp: int | None) -> None:
    """Only a plain number that the tables can hold is a header's time."""
    assert header_tstamp({"collector_tstamp": text}) == tstamp


def test_header_tstamp_absent() -> None:
    """No header, no time."""
    assert header_tstamp({}) is None


instants = st.one_of(st.integers(K - 3 * MAX_AGE, K + MAX_AGE), st.integers(K - DISORDER - 2, K + 2))
maybe = st.none() | instants


@given(own=maybe, created=maybe, sent=maybe, true=maybe, header=maybe)
def test_laws_of_live_times(
    own: int | None, created: int | None, sent: int | None, true: int | None, header: int | None
) -> None:
    """Arrival lies in its window; the event lies at most max_age before it and never after."""
    times = live(event(own, created, sent, true), K, header)

    if isinstance(times, Times):
        assert K - DISORDER <= times.arrival <= K
        assert times.arrival - MAX_AGE <= times.derived <= times.arrival
        assert times.arrival == make_arrival(DISORDER, False)(K, times.collector)


@given(created=maybe, sent=maybe, true=maybe, header=instants, kafka=instants)
def test_bounded_times_do_not_depend_on_kafka(
    created: int | None, sent: int | None, true: int | None, header: int, kafka: int
) -> None:
    """With a collector time, the Kafka timestamp of bounded input decides nothing."""
    parsed = event(None, created, sent, true)

    assert bounded(parsed, kafka, header) == bounded(parsed, kafka + 12_345, header)
