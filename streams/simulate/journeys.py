"""Planted journeys: the ways a share of the visitors takes, with people leaving at each step and strolling between."""

from collections.abc import Callable
from typing import NamedTuple

from streams.simulate.chance import Chance
from streams.simulate.steps import PAGE, SCREEN, Step

LEAVE = 0.16
STROLL = 0.3
REPEAT = 0.1
_STROLLS_AT_MOST = 3


class Journey(NamedTuple):
    """``weight`` is its share of visits in percent. Texts of a step may name fields: ``/product/{product}``."""

    name: str
    weight: float
    steps: tuple[Step, ...]


def walk(
    journey: Journey, fields: dict[str, str], stroll: Callable[[Chance], Step], chance: Chance
) -> tuple[list[Step], bool]:
    """The steps of one visit, and whether it came to the journey's end."""
    taken: list[Step] = []
    for position, step in enumerate(journey.steps):
        looks = step.kind in (PAGE, SCREEN)
        if position and looks:
            if chance() < LEAVE:
                return taken, False
            for _ in range(_STROLLS_AT_MOST):
                if chance() >= STROLL:
                    break
                taken.append(stroll(chance))
        filled = _fill(step, fields)
        taken.append(filled)
        if looks and chance() < REPEAT:
            taken.append(filled)
    return taken, True


def _fill(step: Step, fields: dict[str, str]) -> Step:
    if "{" not in step.path and "{" not in step.properties and "{" not in step.query and "{" not in step.name:
        return step
    kind, *texts = step
    return Step(kind, *(text.format_map(fields) if "{" in text else text for text in texts))
