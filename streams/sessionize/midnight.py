"""When the local date next changes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

NextMidnight = Callable[[int], int]
"""Milliseconds → the first millisecond of the next local date."""


def make_next_midnight(timezone: str) -> NextMidnight:
    """For an IANA time zone. Raises ZoneInfoNotFoundError or ValueError for a name that is none.

    A local date that comes twice (a clock set back over midnight) is not cut a second time. Where midnight itself is
    skipped, the date changes at the skip. Source: PEP 495 (fold 0 before a gap keeps the offset from before it).
    """
    zone = ZoneInfo(timezone)
    known: list[int] = [0, 0]

    def next_midnight(time: int) -> int:
        if not known[0] <= time < known[1]:
            known[:] = _local_day(time, zone)
        return known[1]

    return next_midnight


def _local_day(time: int, zone: ZoneInfo) -> tuple[int, int]:
    """From the last midnight to the next, as milliseconds."""
    local = datetime.fromtimestamp(time // 1000, zone)
    today = datetime(local.year, local.month, local.day, tzinfo=zone)
    begun = [instant for instant in _instants(today) if instant <= time]
    coming = [instant for instant in _instants(today + timedelta(days=1)) if instant > time]
    return max(begun, default=time), min(coming, default=time + 86_400_000)


def _instants(midnight: datetime) -> list[int]:
    return [int(midnight.replace(fold=fold).timestamp()) * 1000 for fold in (0, 1)]
