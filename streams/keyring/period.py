"""Periods of a rotating key: days and months of event time, UTC, as numbers from 1970 on, and their names."""

from datetime import UTC, date, datetime

from streams.keyring.tree import LAST, Rotation

_EPOCH = date(1970, 1, 1)


def period_of(rotation: Rotation, day: date) -> int:
    """The number of the period that holds ``day``; 0 for a key that never rotates. Raises ValueError before 1970."""
    number = 0
    if rotation == "daily":
        number = (day - _EPOCH).days
    elif rotation == "monthly":
        number = (day.year - _EPOCH.year) * 12 + day.month - 1
    if not 0 <= number <= LAST[rotation]:
        raise ValueError(f"{day} lies outside the years that keys are made for")
    return number


def first_day(rotation: Rotation, period: int) -> date:
    """The first day of a period."""
    if rotation == "daily":
        return date.fromordinal(_EPOCH.toordinal() + period)
    if rotation == "monthly":
        return date(_EPOCH.year + period // 12, period % 12 + 1, 1)
    return _EPOCH


def name_of(rotation: Rotation, period: int) -> str:
    """``2026-05-21``, ``2026-05``, or ``all time``."""
    if rotation == "none":
        return "all time"
    return first_day(rotation, period).isoformat()[: 7 if rotation == "monthly" else 10]


def today() -> date:
    """The day it is now, UTC."""
    return datetime.now(UTC).date()
