"""The time of a combined log line, and where it stands in the line."""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from streams.parse.iso_time import iso_time
from streams.parse.range import in_range

LEAD = r"([^ ]++) [^ ]++ (?>.*? \[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4})\])"
"""Regex of a line up to its time: groups address and time. The user's name may hold spaces, so the first bracket
that holds a time counts. Source: Apache mod_log_config, formats %h %l %u %t; nginx, variable $time_local."""

ODD_LEAD = r"([^ ]++) [^ ]++ (?>.*? \[([0-9][0-9A-Za-z/:.+ -]{9,39})\])(?= \")"
"""The same for a time in any of the forms that ``odd_time`` reads."""

_ODD = re.compile(
    r"([0-9]{1,2})[/ -]([A-Za-z]{3,9})[/ -]([0-9]{4})[: T]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?"
    r" ?(?:([+-][0-9]{2}):?([0-9]{2})|Z|UTC|GMT)?"
)

_ZONE_APART = re.compile(r" (?=[+-][0-9]{2}:?[0-9]{2}$)")

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


def odd_time(text: str) -> int | None:
    """Milliseconds of a time in another form: ISO 8601 (nginx's $time_iso8601), a day of one digit, a month in other
    letters or in full, fractions (cut off to the second), a zone with a colon, ``Z``, or none (UTC). None for all else.
    """
    match = _ODD.fullmatch(text)
    if match is None:
        return iso_time(_ZONE_APART.sub("", text))
    day, month, year, clock, hours, minutes = match.groups()
    return line_time(f"{int(day):02}/{month[:3].capitalize()}/{year}:{clock} {hours or '+00'}{minutes or '00'}")


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
