"""The times of a Segment message.

With ``sentAt``: created is ``originalTimestamp``, else ``timestamp``; sent is ``sentAt``. Without: ``timestamp`` is the
true time, created is ``originalTimestamp``. Source: Segment spec, Common Fields, "Timestamps".
"""

from streams.parse.iso_time import iso_time
from streams.parse.segment_message import Message

SegmentTimes = tuple[int | None, int | None, int | None, int | None]
"""(received, created, sent, true), milliseconds."""


def read_times(message: Message) -> SegmentTimes:
    """Raises ValueError, saying which, where a time is there and unreadable."""
    received = _time("receivedAt", message.received_at) if message.received_at else None
    sent = _time("sentAt", message.sent_at) if message.sent_at else None
    timestamp = _time("timestamp", message.timestamp) if message.timestamp else None
    original = _time("originalTimestamp", message.original_timestamp) if message.original_timestamp else None
    if sent is None:
        return received, original, None, timestamp
    return received, timestamp if original is None else original, sent, None


def _time(name: str, text: str) -> int:
    tstamp = iso_time(text)
    if tstamp is None:
        raise ValueError(f"{name} {text[:64]}")
    return tstamp
