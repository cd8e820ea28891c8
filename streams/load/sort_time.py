"""The time a line is sorted by, for each format."""

import re
from collections.abc import Callable, Mapping

import msgspec

from streams.parse import line_time as log_line
from streams.parse.iso_time import iso_time
from streams.parse.json_guard import is_too_deep
from streams.settings import FormatName

SortTime = Callable[[bytes], int | None]
"""Milliseconds, or None where the line has no readable time."""

_LEAD = re.compile(log_line.LEAD.encode(), re.DOTALL)


class _Times(msgspec.Struct, rename="camel", gc=False):
    received_at: str | None = None
    sent_at: str | None = None
    timestamp: str | None = None
    original_timestamp: str | None = None


_decode = msgspec.json.Decoder(_Times).decode


def combined_time(line: bytes) -> int | None:
    """The line's own time, also of a line whose rest is broken."""
    match = _LEAD.match(line)
    return log_line.line_time(match[2].decode()) if match else None


def segment_time(line: bytes) -> int | None:
    """``receivedAt``, else ``sentAt``, else the event's time: ``timestamp``, else ``originalTimestamp``."""
    if is_too_deep(line):
        return None
    try:
        times = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    for text in (times.received_at, times.sent_at, times.timestamp, times.original_timestamp):
        tstamp = iso_time(text) if text else None
        if tstamp is not None:
            return tstamp
    return None


SORT_TIMES: Mapping[FormatName, SortTime] = {"combined": combined_time, "segment": segment_time}
