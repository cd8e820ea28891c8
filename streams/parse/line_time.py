"""The time of a combined log line, and where it stands in the line."""

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from streams.parse.range import in_range

LEAD = r"([^ ]++) [^ ]++ (?>.*? \[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4})\])"
"""Regex of a line up to its time: groups address and time. The user's name may hold spaces, so the first bracket
that holds a time counts. Source: Apache mod_log_config, formats %h %l %u %t; nginx, variable $time_local."""

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: n for n, name in enumerate(_NAMES, 1)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAP_SECOND = 60


def line_time(text: str) -> int | None:
    """Milliseconds of ``20/May/2024:00:00:18 +0000`` (exactly that shape); None when the calendar has no such time
    or the tables cannot hold it. A leap second (60) is the first of the next minute."""
    minute = _minute(text[:17], text[21:])
    second = int(text[18:20])
    return None if minute is None or second > _LEAP_SECOND else minute + second * 1000


@lru_cache(maxsize=4096)
def _minute(minute: str, zone: str) -> int | None:
    try:
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5])) * (-1 if zone[0] == "-" else 1)
        moment = datetime(
            int(minute[7:11]), _MONTHS[minute[3:6]], int(minute[:2]), int(minute[12:14]), int(minute[15:17]),
            tzinfo=timezone(offset),
        )  # fmt: skip
    except (KeyError, ValueError):
        return None
    tstamp = (moment - _EPOCH) // timedelta(milliseconds=1)
    return tstamp if in_range(tstamp) and in_range(tstamp + _LEAP_SECOND * 1000) else None
