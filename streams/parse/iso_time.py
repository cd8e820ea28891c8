"""ISO 8601 date-times, as trackers really write them, to milliseconds."""

import re
from datetime import UTC, datetime

from streams.parse.range import EARLIEST, LATEST

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000
_MAX_CHARS = 64
_UTC_WORD = re.compile(r" ?(?:UTC|GMT|utc|gmt|z)$")
_ODD_CLOCK = re.compile(r"(?<=[Tt ])(?:24:00(?::00(?:\.0+)?)?(?![0-9:.,])|([0-9]{2}:[0-9]{2}):60)")


def iso_time(text: str) -> int | None:
    """Milliseconds since 1970 UTC, fractions below cut off; None when unreadable or outside what the tables hold.

    Every form ``datetime.fromisoformat`` reads (any zone, any precision, basic and week dates, a date alone: midnight),
    and a lower-case ``z``, `` UTC``, ``24:00``, leap seconds (``:60``). Without a zone: UTC.
    Source: ISO 8601-1:2019; RFC 3339 §5.6; Python 3.11 datetime.fromisoformat.
    """
    extra = 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        text, extra = _mend(text)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    past = moment - _EPOCH
    tstamp = past.days * _DAY + past.seconds * 1000 + past.microseconds // 1000 + extra
    return tstamp if EARLIEST <= tstamp <= LATEST else None


def _mend(text: str) -> tuple[str, int]:
    """The text as Python reads it, and the milliseconds that took off it."""
    if len(text) > _MAX_CHARS:
        return "", 0
    text = _UTC_WORD.sub("Z", text.strip())
    odd = _ODD_CLOCK.search(text)
    if odd is None:
        return text, 0
    clock, extra = (f"{odd[1]}:59", 1000) if odd[1] else ("00:00", _DAY)
    return text[: odd.start()] + clock + text[odd.end() :], extra
