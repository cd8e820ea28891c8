"""What to simulate, and what came out."""

from datetime import date
from typing import Literal

import msgspec

from streams.errors import ConfigError

START = date(2026, 3, 2)


class SimulationOptions(msgspec.Struct, frozen=True, kw_only=True):
    """``events`` is the exact number of lines. Equal options give equal bytes.

    ``format`` is ``segment`` (JSON lines of all apps) or ``combined`` (the shop's access log). Gap, longest and
    lateness (seconds) are the session rules the truth is told by. Raises ConfigError.
    """

    events: int = 20_000
    seed: int = 1
    start: date = START
    days: int = 7
    format: Literal["segment", "combined"] = "segment"
    gap: int = 1800
    longest: int = 86_400
    lateness: int = 600

    def __post_init__(self) -> None:
        for key, least in (("events", 1), ("days", 1), ("gap", 1), ("longest", 1), ("lateness", 0)):
            if getattr(self, key) < least:
                raise ConfigError(
                    f"simulation: {key} is {getattr(self, key)}, at least {least} is needed", f"give {key} ≥ {least}"
                )


class SimulationSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of the truth. ``lines`` = events + copies + late + broken.

    ``events`` are accepted, ``copies`` duplicate, ``late`` late, ``broken`` dead; ``bots`` are lines of bots among all.
    ``visitors`` are those with an accepted or late event; ``sessions`` are of accepted events, bots included.
    """

    lines: int
    events: int
    copies: int
    late: int
    broken: int
    bots: int
    visitors: int
    sessions: int
    apps: dict[str, int]
    """Lines per app."""
    journeys: dict[str, int]
    """Visits per planted journey; a name with ``+`` counts those that came to its end."""
