"""Planted sites made harder where a method could count on how the planting is done."""

import random
from collections.abc import Callable
from dataclasses import replace

from tests.models.discovery.planted import Planted, Steps


def looking_around(made: Planted, seed: int) -> Planted:
    """Who walks a funnel looks at as many pages before and after it as others do in all."""
    rng, pages = random.Random(f"around {seed}"), _noise(made)
    return _changed(
        made, lambda steps, group: [*_some(rng, pages), *steps, *_some(rng, pages)] if group >= 0 else steps
    )


def landing(made: Planted, seed: int) -> Planted:
    """Half of those who walk none begin at the first step of a funnel, where those who walk begin too."""
    rng = random.Random(f"landing {seed}")

    def change(steps: Steps, group: int) -> Steps:
        if group >= 0:
            return steps[steps.index(made.funnels[group][0]) :]
        return [rng.choice(made.funnels)[0], *steps[1:]] if rng.random() < 0.5 else steps

    return _changed(made, change)


def circling(made: Planted, seed: int) -> Planted:
    """Who walks none comes back to the same three pages again and again."""
    rng, pages = random.Random(f"circling {seed}"), _noise(made)

    def change(steps: Steps, group: int) -> Steps:
        liked = rng.choices(pages, k=3)
        return steps if group >= 0 else [rng.choice(liked) if rng.random() < 0.6 else step for step in steps]

    return _changed(made, change)


def _changed(made: Planted, change: Callable[[Steps, int], Steps]) -> Planted:
    return replace(made, sessions=[change(*each) for each in zip(made.sessions, made.groups, strict=True)])


def _noise(made: Planted) -> Steps:
    return [step for steps, group in zip(made.sessions, made.groups, strict=True) if group < 0 for step in steps]


def _some(rng: random.Random, pages: Steps) -> Steps:
    return rng.choices(pages, k=min(int(rng.expovariate(0.44)), 30))


ALL: dict[str, Callable[[Planted, int], Planted]] = {
    "looking around": looking_around,
    "landing": landing,
    "circling": circling,
}
