"""A visit as a list of steps: what the visitor does, and how long until the next thing."""

from typing import NamedTuple

import msgspec

from streams.simulate.chance import Chance
from streams.simulate.sources import Source
from streams.simulate.visitors import Visitor

PAGE, SCREEN, TRACK, SERVER, IDENTIFY = "page", "screen", "track", "server", "identify"
"""Kinds of step. ``server`` is a track event sent by the shop's own back end, with ``timestamp`` and no ``sentAt``."""

# Seconds on a page, most short, few long: a table, because exp and log differ between machines in the last bit.
_DWELL = (2, 2, 3, 3, 4, 5, 5, 6, 7, 8, 9, 10, 12, 14, 16, 19, 22, 26, 31, 37, 44, 53, 64, 80, 105, 150, 240, 420)


class Step(NamedTuple):
    """``properties`` is the inside of a JSON object, ``query`` an encoded query string; both may be empty."""

    kind: str
    name: str
    path: str = ""
    query: str = ""
    properties: str = ""


class Visit(msgspec.Struct):
    """One visit: who, from where, from when, and what. ``dwell`` fixes the milliseconds between steps, if set."""

    visitor: Visitor
    source: Source
    start_ms: int
    steps: list[Step]
    journey: str
    known: bool = False
    """Signed in from the first step on."""
    offline: bool = False
    """The device has no net: everything is sent long after."""
    dwell: tuple[int, int] | None = None
    """Least and most milliseconds between steps; None: as people do."""


def dwell_ms(visit: Visit, step: Step, chance: Chance) -> int:
    """Milliseconds until the step after this one; now and then a break about as long as a session's timeout."""
    if visit.dwell is not None:
        least, most = visit.dwell
        return least + int(chance() * (most - least))
    if step.kind not in (PAGE, SCREEN):
        return 40 + int(chance() * 2_500)
    draw = chance()
    if draw < 0.006:
        return 1_500_000 + int(draw * 1e8) + int(chance() * 1_200_000)
    return _DWELL[int(draw * len(_DWELL))] * 1000 + int(chance() * 1000)
