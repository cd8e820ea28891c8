"""Which sessions walk which funnel: two of its first steps or more, in order, anything between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.discovery.sample import Ints, Sample, make_sample
from models.discovery.trial import Chain, Walkers, walkers_of
from models.paths import Paths

LEAST_STEPS = 2
FARTHEST = 50
"""Slots between the first two steps; more count as this many."""


@dataclass(frozen=True, slots=True)
class Walked:
    """funnel: (sessions,) place of the funnel each walks furthest, -1 for none. steps: how many of its first steps."""

    funnel: Ints
    steps: Ints


def walked_of(paths: Paths, funnels: Sequence[Sequence[str]], reaches: Sequence[int] = ()) -> Walked:
    """Of several funnels the one of which a session takes the most steps; of equals the one that stands first.

    reaches: of each funnel, see models.patterns.reach; without them, two steps are a walk however far apart.
    """
    folded, size = paths.folded(), max(len(paths.vocabulary), 1)
    sample = make_sample(folded.codes.astype(np.int64), folded.starts, folded.visitors, size)
    return walked_in(sample, chains_of(paths, funnels), reaches or [FARTHEST] * len(funnels))


def chains_of(paths: Paths, funnels: Sequence[Sequence[str]]) -> list[Chain]:
    """As codes, up to the first step that nobody takes."""
    place_of = {step: place for place, step in enumerate(paths.vocabulary)}
    known = [[step in place_of for step in steps] for steps in funnels]
    return [
        tuple(place_of[step] for step in steps[: (*told, False).index(False)])
        for steps, told in zip(funnels, known, strict=True)
    ]


def walked_in(sample: Sample, chains: Sequence[Chain], reaches: Sequence[int]) -> Walked:
    """See ``walked_of``."""
    best, walked = np.full(len(sample), -1, dtype=np.int64), np.zeros(len(sample), dtype=np.int64)
    for place, (chain, reach) in enumerate(zip(chains, reaches, strict=True)):
        for taken in range(LEAST_STEPS, len(chain) + 1):
            walkers = walkers_of(sample, chain[:taken])
            sessions = walkers.sessions
            if taken == LEAST_STEPS:
                sessions = sessions[gaps_of(sample, walkers, chain[0]) <= reach]
            further = sessions[walked[sessions] < taken]
            best[further], walked[further] = place, taken
    return Walked(best, walked)


def gaps_of(sample: Sample, walkers: Walkers, first: int) -> Ints:
    """(sessions,) slots from the last ``first`` on to the second step, where the walk first comes to it."""
    slots, seconds = sample.slots_of[first], walkers.ends[1]
    gaps: Ints = np.minimum(seconds - slots[np.searchsorted(slots, seconds) - 1], FARTHEST)
    return gaps
