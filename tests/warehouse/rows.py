"""Rows of every table for the tests: minimal ones, and ones with no column left at its default."""

import uuid
from typing import Any

from streams.records import Event, Outcome, SessionRow

NOON = 1_700_049_600_000
"""2023-11-15 12:00:00 UTC, in milliseconds."""
MINUTE = 60_000
DAY = 86_400_000


def id_of(name: object) -> bytes:
    """Some UUID, always the same for a name."""
    return uuid.uuid5(uuid.NAMESPACE_OID, str(name)).bytes


def event(name: object, at: int = NOON, **more: Any) -> Event:
    """An event of visitor ``v`` at ``at``."""
    given: dict[str, Any] = {
        "event_id": id_of(name),
        "app_id": "shop",
        "visitor_id": id_of("v"),
        "event_fingerprint": 1,
        "collector_tstamp": at,
        "derived_tstamp": at,
        "arrival_tstamp": at,
        "raw_topic": "raw@1",
        "raw_partition": 0,
        "raw_offset": 0,
        "event": "page_view",
        "version": 1 << 48,
    }
    return Event(**(given | more))


def session(name: object, start: int = NOON, end: int = NOON, **more: Any) -> SessionRow:
    """A session of visitor ``v``."""
    given: dict[str, Any] = {
        "session_id": id_of(name),
        "app_id": "shop",
        "visitor_id": id_of("v"),
        "start_tstamp": start,
        "end_tstamp": end,
        "version": 1 << 48,
    }
    return SessionRow(**(given | more))


def outcome(offset: int, index: int = 0, **more: Any) -> Outcome:
    """An accepted event of raw@1, partition 0."""
    given: dict[str, Any] = {
        "app_id": "shop",
        "arrival_tstamp": NOON,
        "raw_topic": "raw@1",
        "raw_partition": 0,
        "raw_offset": offset,
        "raw_index": index,
        "outcome": "accepted",
        "version": 1 << 48,
    }
    return Outcome(**(given | more))
