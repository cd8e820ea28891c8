"""Coarser values: versions to their first number, numbers to a step, times to a unit, places to a larger one."""

import math
import re
from collections.abc import Callable

import re2

from streams.anonymize.action import TextAction
from streams.anonymize.ruleset import Generalize

_VERSION = re2.compile(r"(\d+)(?:[._]\d+)+[\w.+-]*")
UNITS_MS = {"second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
LARGER = {
    "country": ("geo_region", "geo_city", "geo_latitude", "geo_longitude", "geo_timezone"),
    "region": ("geo_city", "geo_latitude", "geo_longitude"),
}
"""Place → the columns that say more than it."""

Number = float | int


def make_coarse_text(rule: Generalize) -> TextAction:
    """Versions in the text to their first number; with ``step`` the text must be a number."""
    if rule.step is None:
        return TextAction(lambda text: _VERSION.sub(r"\1", text), hints=(re.compile(r"\d[._]\d").search,))
    coarse = make_coarse_number(rule.step)

    def number(text: str) -> str:
        """Raises ValueError for what is no finite number."""
        value = float(text)
        if not math.isfinite(value):
            raise ValueError("no finite number")
        found = coarse(value)
        if found is None:
            raise ValueError("too large a number for so small a step")
        return number_text(found)

    return TextAction(number)


def make_coarse_number(step: float) -> Callable[[Number], Number | None]:
    """The largest multiple of ``step`` that is not above the number; None where there are too many to count."""
    decimals = max(0, -math.floor(math.log10(step)) + 6) if step < 1 else 6

    def coarse(value: Number) -> Number | None:
        steps = value / step
        found = round(math.floor(steps) * step, min(decimals, 15)) if math.isfinite(steps) else steps
        if not math.isfinite(found):
            return None
        return int(found) if isinstance(value, int) else found

    return coarse


def make_coarse_time(unit: str) -> Callable[[int], int]:
    """A time in milliseconds, cut to its unit (UTC)."""
    step = UNITS_MS[unit]
    return lambda tstamp: tstamp - tstamp % step


def number_text(value: Number) -> str:
    """A finite number as people write it: without a point where it is whole."""
    return str(int(value)) if value == int(value) else repr(value)
