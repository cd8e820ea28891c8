"""What a parser takes and gives."""

from collections.abc import Callable, Mapping

import msgspec

from streams.outcome import Dead, Reason
from streams.records import ParsedEvent

MAX_BYTES = 1 << 19
"""Longest raw value any parser reads; what is longer is dead with reason ``too_large``.

Source: Segment's HTTP API takes at most 500 kB a request
(segment.com/docs/connections/sources/catalog/libraries/server/http-api).
"""

Headers = Mapping[str, str]
"""Decoded Kafka headers: format, app_id, ip, user_agent, path, content_type, collector_tstamp, event_id, control."""


class Empty(msgspec.Struct, frozen=True, gc=False):
    """The record holds no event, and should not: a blank line, a control record."""

    reason: Reason = Reason.BLANK


Parsed = list[ParsedEvent | Dead] | Dead | Empty
"""A list holds the record's events in order, with one Dead for each that cannot be used."""

Parser = Callable[[bytes, Headers], Parsed]
"""Never raises, whatever the bytes; knows no clock and keeps no state that could change a result."""
