"""The three times of an event: the collector's, its arrival, and when it happened. Rules: design.md §4."""

from collections.abc import Callable

import msgspec

from streams.outcome import Dead, Reason
from streams.parse.range import EARLIEST, in_range
from streams.parse.result import Headers
from streams.records import ParsedEvent


class Times(msgspec.Struct, frozen=True, gc=False):
    """Milliseconds since 1970 UTC."""

    collector: int
    arrival: int
    derived: int


TimesOf = Callable[[ParsedEvent, int, int | None], Times | Dead]
ArrivalOf = Callable[[int, int | None], int]


def make_times(disorder_ms: int, max_age_ms: int, bounded: bool) -> TimesOf:
    """``times(event, kafka_tstamp, header_tstamp)``, the second and third of its raw record.

    * collector c: the header's, else the event's own, else Kafka's. In bounded input Kafka's clock tells only when a
      file was loaded: there it is the event's other times instead, sent, true, created;
    * arrival a: c clamped into [k - disorder, k]; in bounded input c itself;
    * derived: the true time; else c - (sent - created) where both are there and created ≤ sent; else c. At most a.

    Dead (time_range): older than a - max_age, or a time the tables cannot hold. Dead (time_unreadable): bounded input
    without any time.
    """
    arrival_of = make_arrival(disorder_ms, bounded)

    def times(event: ParsedEvent, kafka_tstamp: int, header_tstamp: int | None) -> Times | Dead:
        collector = header_tstamp
        if collector is None:
            collector = event.collector_tstamp
            if collector is None:
                collector = _own_time(event) if bounded else kafka_tstamp
                if collector is None:
                    return Dead(Reason.TIME_UNREADABLE, "no time in header collector_tstamp nor in the event")
        if not in_range(collector):
            return Dead(Reason.TIME_RANGE, f"collector {collector}")
        arrival = arrival_of(kafka_tstamp, collector)
        derived = min(_happened(event, collector), arrival)
        if derived < arrival - max_age_ms or derived < EARLIEST:
            return Dead(Reason.TIME_RANGE, f"derived {derived}, arrival {arrival}")
        return Times(collector, arrival, derived)

    return times


def _own_time(event: ParsedEvent) -> int | None:
    for tstamp in (event.dvce_sent_tstamp, event.true_tstamp, event.dvce_created_tstamp):
        if tstamp is not None:
            return tstamp
    return None


def _happened(event: ParsedEvent, collector: int) -> int:
    true = event.true_tstamp
    if true is not None:
        return true
    created, sent = event.dvce_created_tstamp, event.dvce_sent_tstamp
    if created is not None and sent is not None and created <= sent:
        return collector - (sent - created)
    return collector


def make_arrival(disorder_ms: int, bounded: bool) -> ArrivalOf:
    """``arrival(kafka_tstamp, collector_tstamp)``: the arrival time of a record, whatever it held.

    For a record that gave no event pass the header's collector time, or None: then it is Kafka's.
    """

    def arrival(kafka_tstamp: int, collector_tstamp: int | None) -> int:
        if collector_tstamp is None or not in_range(collector_tstamp):
            return kafka_tstamp
        if bounded:
            return collector_tstamp
        return min(max(collector_tstamp, kafka_tstamp - disorder_ms), kafka_tstamp)

    return arrival


def header_tstamp(headers: Headers) -> int | None:
    """Header ``collector_tstamp`` in milliseconds; None where absent, no number, or outside what the tables hold."""
    text = headers.get("collector_tstamp", "")
    if not (text.isascii() and text.isdigit() and len(text) <= len("4294967295999")):
        return None
    tstamp = int(text)
    return tstamp if in_range(tstamp) else None
