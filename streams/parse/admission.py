"""Which apps' events are taken, and how much of them at once."""

from collections.abc import Callable, Mapping

import msgspec

from streams.outcome import Dead, Reason
from streams.records import ParsedEvent


class Limits(msgspec.Struct, frozen=True):
    """What one app may send. Bytes and events of one record, properties of one event."""

    record_bytes: int = 1_000_000
    record_events: int = 1_000
    properties: int = 255


Admission = Callable[[ParsedEvent, int, int], Dead | None]


def make_admission(common: Limits, apps: Mapping[str, Limits], known_only: bool) -> Admission:
    """``admission(event, bytes of its record, events of its record)``: why the event is not taken, or None.

    ``apps`` are those with limits of their own; with ``known_only`` every other app is dead (app_unknown). Above a
    limit: too_large, for each of the app's events in such a record.
    """

    def admission(event: ParsedEvent, size: int, events: int) -> Dead | None:
        limits = apps.get(event.app_id)
        if limits is None:
            if known_only:
                return Dead(Reason.APP_UNKNOWN, event.app_id[:200])
            limits = common
        if size > limits.record_bytes:
            return Dead(Reason.TOO_LARGE, f"{size} bytes in a record, the app may send {limits.record_bytes}")
        if events > limits.record_events:
            return Dead(Reason.TOO_LARGE, f"{events} events in a record, the app may send {limits.record_events}")
        if len(event.properties) > limits.properties:
            return Dead(Reason.TOO_LARGE, f"{len(event.properties)} properties, the app may send {limits.properties}")
        return None

    return admission
