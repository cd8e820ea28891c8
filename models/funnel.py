"""What a drawn funnel is: steps in order, how long they may take, and what counts as walking them."""

import re
from datetime import timedelta
from enum import StrEnum

import msgspec

from streams.errors import ConfigError

MOST_STEPS = 32
"""As many conditions as ClickHouse's windowFunnel takes.

Source: https://clickhouse.com/docs/sql-reference/aggregate-functions/parametric-functions#windowfunnel"""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)?")
_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
DAY_MS = 86_400_000


class Order(StrEnum):
    """Loose: anything may come between two steps. Strict: nothing may, once the first step was taken."""

    LOOSE = "loose"
    STRICT = "strict"


class Scope(StrEnum):
    """What walks the funnel: a session, or a visitor over all sessions."""

    SESSION = "session"
    VISITOR = "visitor"


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """A funnel with one to 32 steps. A step is ``page:PATH`` or ``event:NAME``; see models.matching for patterns."""

    steps: tuple[str, ...]
    name: str = ""
    within_ms: int = DAY_MS
    """From the first step to the last, at most; exactly as long counts."""
    order: Order = Order.LOOSE
    scope: Scope = Scope.SESSION


def checked(funnel: Funnel, source: str = "--steps") -> Funnel:
    """The funnel itself. Raises ConfigError where it cannot be one; ``source`` names where it stands."""
    if not 1 <= len(funnel.steps) <= MOST_STEPS:
        raise ConfigError(f"{source}: {len(funnel.steps)} steps", f"give 1 to {MOST_STEPS}")
    for step in funnel.steps:
        if not step.startswith(("page:", "event:")):
            raise ConfigError(
                f"{source}: {step!r} is no step", "write page:/path/:id for pages and event:Name for events"
            )
    return funnel


def parse_duration(text: str, source: str = "--within") -> int:
    """``90s``, ``30min``, ``1.5h``, ``1d``, ``2w``; a bare number is seconds. In milliseconds. Raises ConfigError."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ConfigError(f"{source}: {text!r} is no duration", "write it as 90s, 30min, 2h, 1d or 1w")
    return round(float(match[1]) * _UNITS_MS[match[2] or "s"])


def duration(milliseconds: float) -> str:
    """For people: ``450 ms``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``, ``1 d 3 h``."""
    if milliseconds < 1_000:
        return f"{milliseconds:.0f} ms"
    left = timedelta(seconds=round(milliseconds / 1_000))
    hours, rest = divmod(left.seconds, 3_600)
    parts = [(left.days, "d"), (hours, "h"), (rest // 60, "min"), (rest % 60, "s")]
    first = next(index for index, (n, _) in enumerate(parts) if n)
    return " ".join(f"{n} {unit}" for n, unit in parts[first : first + 2] if n)
