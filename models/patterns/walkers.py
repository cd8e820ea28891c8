"""Which sessions walk which funnel: the one that is most likely, where that is likelier than none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.discovery.sample import Ints
from models.paths import Paths
from models.patterns.walking import Walking, odds
from models.patterns.walks import chains_of, sample_of, walks_in


@dataclass(frozen=True, slots=True)
class Walked:
    """funnel: (sessions,) place of the funnel each walks, -1 for none. steps: how many of its first steps it takes."""

    funnel: Ints
    steps: Ints


def walked_of(paths: Paths, funnels: Sequence[Sequence[str]], walking: Walking) -> Walked:
    """``walking``: learned over these funnels. Of funnels that are as likely the one that stands first."""
    walks = walks_in(sample_of(paths), chains_of(paths, funnels))
    keys, pairs = np.unique(walks.sessions * max(len(funnels), 1) + walks.funnels, return_inverse=True)
    sessions, places = keys // max(len(funnels), 1), keys % max(len(funnels), 1)
    likely = np.bincount(pairs, odds(walks, walking), minlength=len(keys))
    taken = np.zeros(len(keys), dtype=np.int64)
    np.maximum.at(taken, pairs, walks.taken)
    order = np.lexsort((-places, likely))
    order = order[likely[order] >= 1]
    funnel, steps = np.full(len(paths), -1, dtype=np.int64), np.zeros(len(paths), dtype=np.int64)
    funnel[sessions[order]], steps[sessions[order]] = places[order], taken[order]
    return Walked(funnel, steps)
