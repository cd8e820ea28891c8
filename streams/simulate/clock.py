"""Times of the simulated world: milliseconds since 1970 UTC, their ISO form, and the rhythm of a day."""

from datetime import date, timedelta

MS_PER_DAY = 86_400_000
MS_PER_HOUR = 3_600_000

HOUR_WEIGHTS = (9, 6, 4, 3, 3, 5, 10, 18, 28, 36, 40, 42, 46, 44, 42, 42, 43, 46, 52, 60, 64, 56, 38, 20)
"""Share of a day's visits that start in each hour (UTC): quiet at four, busiest at eight in the evening."""

WEEKDAY_PERCENT = (100, 98, 97, 100, 104, 118, 122)
"""A day's traffic against Monday's."""

_EPOCH = date(1970, 1, 1)
_MINUTES = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in range(1440))
_SECONDS = tuple(f"{milli // 1000:02}.{milli % 1000:03}" for milli in range(60_000))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_days: dict[int, str] = {}


def midnight(day: date) -> int:
    """The first millisecond of a day (UTC)."""
    return (day - _EPOCH).days * MS_PER_DAY


def iso(ms: int) -> str:
    """``2026-03-02T08:15:30.123Z``. Tables instead of datetime: it is called three times an event."""
    day, rest = divmod(ms, MS_PER_DAY)
    minute, milli = divmod(rest, 60_000)
    return f"{_days.get(day) or _day(day)}T{_MINUTES[minute]}:{_SECONDS[milli]}Z"


def log_time(ms: int) -> str:
    """``02/Mar/2026:08:15:30 +0000``. Source: Apache mod_log_config, %t."""
    day, rest = divmod(ms, MS_PER_DAY)
    year, month, number = (_days.get(day) or _day(day)).split("-")
    minute, milli = divmod(rest, 60_000)
    return f"{number}/{_MONTHS[int(month) - 1]}/{year}:{_MINUTES[minute]}:{milli // 1000:02} +0000"


def hour_shares(start: date, days: int) -> list[int]:
    """The weight of every hour of the simulated days, in order."""
    weekdays = ((start + timedelta(days=n)).weekday() for n in range(days))
    return [hour * WEEKDAY_PERCENT[weekday] for weekday in weekdays for hour in HOUR_WEIGHTS]


def _day(day: int) -> str:
    text = _days[day] = (_EPOCH + timedelta(days=day)).isoformat()
    return text
