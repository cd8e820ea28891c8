"""Which sessions walk which funnel: two of its first steps or more, in order, anything between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.discovery.sample import Ints, make_sample
from models.discovery.trial import walkers_of
from models.paths import Paths

LEAST_STEPS = 2


@dataclass(frozen=True, slots=True)
class Walked:
    """funnel: (sessions,) place of the funnel each walks furthest, -1 for none. steps: how many of its first steps."""

    funnel: Ints
    steps: Ints


def walked_of(paths: Paths, funnels: Sequence[Sequence[str]]) -> Walked:
    """Of several funnels the one of which a session takes the most steps; of equals the one that stands first."""
    place_of = {step: place for place, step in enumerate(paths.vocabulary)}
    best, walked = np.full(len(paths), -1, dtype=np.int64), np.zeros(len(paths), dtype=np.int64)
    sample = make_sample(paths.codes.astype(np.int64), paths.starts, paths.visitors, max(len(paths.vocabulary), 1))
    for place, steps in enumerate(funnels):
        chain = tuple(place_of.get(step, -1) for step in steps)
        known = chain.index(-1) if -1 in chain else len(chain)
        for taken in range(LEAST_STEPS, known + 1):
            sessions = walkers_of(sample, chain[:taken]).sessions
            further = sessions[walked[sessions] < taken]
            best[further], walked[further] = place, taken
    return Walked(best, walked)
