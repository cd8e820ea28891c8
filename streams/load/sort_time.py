"""The time a line is sorted by, for each format."""

import re
from collections.abc import Callable, Mapping

import msgspec

from streams.load.raw_line import raw_record
from streams.outcome import Dead
from streams.parse import line_time as log_line
from streams.parse.inflate import inflate
from streams.parse.iso_time import iso_time
from streams.parse.json_guard import BODY_DEPTH, is_too_deep
from streams.parse.query_string import query_of, read_query
from streams.parse.range import in_range
from streams.parse.routes import format_of
from streams.parse.snowplow_thrift import read_payload_struct
from streams.parse.times import header_tstamp
from streams.settings import FileFormat

SortTime = Callable[[bytes], int | None]
"""Milliseconds, or None where the line has no readable time."""

_LEAD = re.compile(log_line.LEAD.encode(), re.DOTALL)
_ODD_LEAD = re.compile(log_line.ODD_LEAD.encode(), re.DOTALL)


class _Times(msgspec.Struct, rename="camel", gc=False):
    received_at: str | None = None
    sent_at: str | None = None
    timestamp: str | None = None
    original_timestamp: str | None = None
    batch: list[msgspec.Raw] | None = None


class _Tp2(msgspec.Struct, gc=False):
    stm: str | None = None
    ttm: str | None = None
    dtm: str | None = None
    data: list[msgspec.Raw] | None = None


_KEYS = ("stm", "ttm", "dtm")
_decode = msgspec.json.Decoder(_Times).decode
_decode_tp2 = msgspec.json.Decoder(_Tp2).decode


def combined_time(line: bytes) -> int | None:
    """The line's own time, also of a line whose rest is broken."""
    match = _LEAD.match(line)
    if match is not None:
        return log_line.line_time(match[2].decode())
    match = _ODD_LEAD.match(line)
    return log_line.odd_time(match[2].decode()) if match else None


def segment_time(line: bytes) -> int | None:
    """``receivedAt``, else ``sentAt``, else the event's time: ``timestamp``, else ``originalTimestamp``; of a batch its
    own, else its first message's."""
    times = _segment(line)
    if times is None:
        return None
    tstamp = _first_of(times)
    if tstamp is None and times.batch:
        first = _segment(bytes(times.batch[0]))
        tstamp = _first_of(first) if first else None
    return tstamp


def _segment(line: bytes) -> _Times | None:
    if is_too_deep(line, BODY_DEPTH):
        return None
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _first_of(times: _Times) -> int | None:
    for text in (times.received_at, times.sent_at, times.timestamp, times.original_timestamp):
        tstamp = iso_time(text) if text else None
        if tstamp is not None:
            return tstamp
    return None


def snowplow_time(line: bytes) -> int | None:
    """When it was sent (``stm``), else true (``ttm``), else created (``dtm``); of a body its first event's."""
    body = line.strip()
    try:
        if body[:1] != b"{":
            text = body.decode()
            fields = read_query(query_of(text) if text[:1] in {"/", "?"} else text, _KEYS)
            return _first_number(*map(fields.get, _KEYS))
        if is_too_deep(body, BODY_DEPTH):
            return None
        event = _decode_tp2(body)
        if event.data:
            event = _decode_tp2(bytes(event.data[0]))
    except (msgspec.DecodeError, ValueError):
        return None
    return _first_number(event.stm, event.ttm, event.dtm)


def _first_number(*texts: str | None) -> int | None:
    for text in texts:
        whole = (text or "").partition(".")[0]
        if whole.isascii() and whole.isdigit() and len(whole) <= len("4294967295999") and in_range(int(whole)):
            return int(whole)
    return None


def thrift_time(value: bytes) -> int | None:
    """When the collector took the payload."""
    payload = read_payload_struct(value)
    tstamp = None if isinstance(payload, Dead) else payload.timestamp
    return tstamp if tstamp is not None and in_range(tstamp) else None


def record_time(line: bytes) -> int | None:
    """Of a raw record as JSON: header ``collector_tstamp``, else its value's by its format."""
    record = raw_record(line)
    if record is None:
        return None
    value, headers = record
    told = header_tstamp(headers)
    if told is not None:
        return told
    path = headers.get("path", "")
    format = headers.get("format") or format_of(path)
    body = inflate(value, headers.get("content_encoding", ""), BODY_BYTES)
    if isinstance(body, Dead):
        return None
    if format == "snowplow" and not body.strip():
        body = query_of(path).encode()
    read = _VALUE_TIMES.get(format)
    return read(body) if read else None


BODY_BYTES = 1_000_000

_VALUE_TIMES: Mapping[str, SortTime] = {
    "combined": combined_time,
    "segment": segment_time,
    "snowplow": snowplow_time,
    "snowplow-thrift": thrift_time,
}

SORT_TIMES: Mapping[FileFormat, SortTime] = {
    "combined": combined_time,
    "segment": segment_time,
    "snowplow": snowplow_time,
    "records": record_time,
}
