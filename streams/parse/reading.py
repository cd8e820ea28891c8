"""A raw record's events: which format it has, and the one place where every format's parser is listed."""

from collections.abc import Callable, Mapping, Sequence

from streams.outcome import Dead, Reason
from streams.parse.combined import make_combined
from streams.parse.inflate import inflate
from streams.parse.options import ParseOptions
from streams.parse.records_line import make_records_line
from streams.parse.result import Empty, Headers, Parser
from streams.parse.routes import foreign, format_of
from streams.parse.segment import make_segment
from streams.parse.snowplow import make_snowplow
from streams.parse.snowplow_thrift import make_snowplow_thrift
from streams.records import ParsedEvent, RawRecord

Items = Sequence[ParsedEvent | Dead | Empty]
Parse = Callable[[RawRecord, Headers], Items]

_UNREAD = frozenset(
    {Reason.FORMAT_UNKNOWN, Reason.SYNTAX, Reason.FIELD_MISSING, Reason.FIELD_TYPE, Reason.EVENT_UNKNOWN}
)
"""Verdicts on what may be another tracker's."""


def make_parsers(options: ParseOptions) -> Mapping[str, Parser]:
    """Every format by its name."""
    return {
        "combined": make_combined(),
        "segment": make_segment(options),
        "snowplow": make_snowplow(options),
        "snowplow-thrift": make_snowplow_thrift(options),
        "records": make_records_line(options),
    }


def make_reading(default: str, bounded: bool, options: ParseOptions) -> Parse:
    """A record's events by its format: header ``format``, else what header ``path`` tells, else ``default``.

    Bodies with header ``content_encoding`` are inflated first. What no parser can use and looks like the request of a
    tracker that we do not speak is one dead letter that names it. Never empty, never raises.
    """
    parsers = make_parsers(options)

    def parse(record: RawRecord, headers: Headers) -> Items:
        if bounded and is_end(headers):
            return (Empty(Reason.CONTROL),)
        if record.value is None:
            return (Empty(Reason.BLANK),)
        try:
            return _read(parsers, record.value, headers, default, options.record_bytes)
        except Exception as problem:  # noqa: BLE001 - a bug must cost one record, not the partition
            return (Dead(Reason.INTERNAL, type(problem).__name__),)

    return parse


def _read(parsers: Mapping[str, Parser], value: bytes, headers: Headers, default: str, max_bytes: int) -> Items:
    path = headers.get("path", "")
    name = headers.get("format") or (format_of(path) if path else "") or default
    encoding = headers.get("content_encoding")
    body = inflate(value, encoding, max_bytes) if encoding else value
    if isinstance(body, Dead):
        return (body,)
    parser = parsers.get(name)
    parsed = parser(body, headers) if parser else Dead(Reason.FORMAT_UNKNOWN, name)
    items: Items = parsed if isinstance(parsed, list) else (parsed,)
    if not items:
        return (Empty(Reason.BLANK),)
    first = items[0]
    if isinstance(first, Dead) and first.reason in _UNREAD and all(isinstance(item, Dead) for item in items):
        tracker = foreign(path, body)
        if tracker:
            return (Dead(Reason.TRACKER_UNKNOWN, tracker),)
    return items


def is_end(headers: Headers) -> bool:
    """Whether the record is the last of a bounded raw partition."""
    return headers.get("control") == "end"
