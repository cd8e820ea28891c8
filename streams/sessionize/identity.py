"""Names and versions of rows: pure functions of what the rows are."""

from hashlib import blake2b
from struct import Struct

from streams.keys import as_uuid
from streams.records import Event

_START = Struct(">q16s")
_RAW = Struct(">QHqqq")
_LATE_MASK = (1 << 44) - 1


def session_id(app_id: str, visitor_id: bytes, start: int, first_event_id: bytes) -> bytes:
    """16 bytes of a UUID (design.md §6 rule 5): one name per (app, visitor, start ms, first event)."""
    app = app_id.encode("utf-8", "surrogatepass")
    data = visitor_id + _START.pack(start, first_event_id) + app
    return as_uuid(blake2b(data, digest_size=16, person=b"session").digest())


def row_version(generation: int, offset: int) -> int:
    """Version of rows decided by the record at this enriched offset (rule 6); n = 0 in workers."""
    return generation << 48 | offset << 4


def late_version(event: Event) -> int:
    """Version of a late event's row: generation 0, so no accepted row ever loses to it (rule 6).

    The fingerprint is keyed already; among late copies of one key the same one wins whatever their order.
    """
    topic = event.raw_topic.encode("utf-8", "surrogatepass")
    raw = _RAW.pack(event.event_fingerprint, len(topic), event.raw_partition, event.raw_offset, event.raw_index)
    digest = blake2b(raw + topic, digest_size=8, person=b"late").digest()
    return (int.from_bytes(digest, "big") & _LATE_MASK) << 4
