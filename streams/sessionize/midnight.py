"""When the local date next changes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

NextMidnight = Callable[[int], int]
"""Milliseconds → the first millisecond of the next local date."""


def make_next_midnight(timezone: str) -> NextMidnight:
    """For an IANA time zone. Raises ZoneInfoNotFoundError or ValueError for a name that is none.

    Of a midnight that comes twice the first counts. Where midnight itself is skipped, the date changes at the skip.
    Source: PEP 495 (fold 0 is the first of two, and in a gap keeps the offset from before it).
    """
    zone = ZoneInfo(timezone)
    known: list[int] = [0, 0]

    def next_midnight(time: int) -> int:
        if not known[0] <= time < known[1]:
            known[:] = _local_day(time, zone)
        return known[1]

    return next_midnight


def _local_day(time: int, zone: ZoneInfo) -> tuple[int, int]:
    """From the last change of date to the next, as milliseconds."""
    local = datetime.fromtimestamp(time // 1000, zone)
    today = datetime(local.year, local.month, local.day, tzinfo=zone)
    changes = [int((today + timedelta(days=days)).timestamp()) * 1000 for days in range(3)]
    return max(change for change in changes if change <= time), min(change for change in changes if change > time)
