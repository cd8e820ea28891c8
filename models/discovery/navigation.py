"""Whether a first-order model of the site (where people go from each page) explains a funnel already."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from models.discovery.chance import LONGEST, Floats
from models.discovery.sample import Sample
from models.discovery.trial import Chain, walkers_of


class Navigation:
    """The site as a Markov chain: from each step to the next one, in sessions that go on.

    told: funnels that are no navigation. Moves inside their walks are left out, for a page that is a funnel's step is
    two pages in one: who walks the funnel goes on in it, who browses takes the links, and the mean of both explains
    neither.
    """

    def __init__(self, sample: Sample, told: Sequence[Chain] = ()) -> None:
        self._sample = sample
        moves = np.ones(len(sample.codes), dtype=np.bool_)
        moves[sample.starts[1:][sample.lengths() > 0] - 1] = False
        for chain in told:
            moves &= ~_walked(sample, chain)
        here = np.flatnonzero(moves)
        ones = np.ones(len(here))
        counts = csr_array((ones, (sample.codes[here], sample.codes[here + 1])), shape=(sample.size, sample.size))
        self._moves = counts.multiply(1 / np.maximum(counts.sum(axis=1), 1)[:, None]).tocsr()

    def reaches(self, code: int, start: int, longest: int) -> Floats:
        """(longest + 1,) the chance to come to ``code`` within so many steps from ``start``."""
        direct = self._moves[:, [code]].toarray().ravel()
        elsewhere = np.ones(self._sample.size)
        elsewhere[code] = 0
        chances, reached = np.zeros(longest + 1), np.zeros(self._sample.size)
        for steps in range(1, longest + 1):
            reached = direct + self._moves @ (elsewhere * reached)
            chances[steps] = reached[start]
        return chances

    def ratio(self, chain: Chain, place: int) -> float:
        """How many times more often than the model says the first ``place`` steps lead to the next one, in sessions as
        long as theirs."""
        before = walkers_of(self._sample, chain[:place])
        left = np.minimum(self._sample.starts[before.sessions + 1] - before.ends[-1] - 1, LONGEST)
        chances = self.reaches(chain[place], chain[place - 1], int(left.max(initial=0)))
        after = len(walkers_of(self._sample, chain[: place + 1]).sessions)
        return max(after, 0.5) / max(float(chances[left].sum()), 1e-9)

    def ratios(self, chain: Chain) -> Floats:
        """(steps - 2,) from step 3 on; about 1 where people go from each page explains the path."""
        return np.array([self.ratio(chain, place) for place in range(2, len(chain))])

    def surprise(self, chain: Chain) -> float:
        """The geometric mean of the ratios; 1 for a pair."""
        return mean_of(self.ratios(chain))


def mean_of(ratios: Floats) -> float:
    """Geometric; 1 of none."""
    return float(np.exp(np.mean(np.log(ratios)))) if len(ratios) else 1.0


def _walked(sample: Sample, chain: Chain) -> NDArray[np.bool_]:
    """(slots,) from which the next slot is still inside a walk of the chain, or of its first steps, two or more."""
    bounds = np.zeros(len(sample.codes), dtype=np.int64)
    for length in range(2, len(chain) + 1):
        begins = walkers_of(sample, chain[:length]).begins
        bounds[begins[0]] += 1
        bounds[begins[-1]] -= 1
    inside: NDArray[np.bool_] = np.cumsum(bounds) > 0
    return inside


def surprises(sample: Sample, chains: Sequence[Chain], enough: float) -> list[float]:
    """The surprise of each chain beside the others, those above ``enough`` being no navigation.

    A step is as surprising as the better of two models says: of all moves, and of those outside the walks of other
    chains that are no navigation. These are chosen forwards, the clearest first, and looked at again backwards, since
    a path that many funnel walkers pass can seem clearer than their funnel.
    """
    site = Navigation(sample)
    of_all = [site.ratios(chain) for chain in chains]
    judged = [mean_of(ratios) for ratios in of_all]

    @lru_cache(maxsize=1)
    def outside(others: frozenset[int]) -> Navigation:
        return Navigation(sample, [chains[other] for other in sorted(others)]) if others else site

    def judge(place: int, others: set[int]) -> None:
        judged[place] = mean_of(np.minimum(of_all[place], outside(frozenset(others)).ratios(chains[place])))

    told: set[int] = set()
    for place in sorted(range(len(chains)), key=lambda place: (-judged[place], chains[place])):
        judge(place, told)
        told |= {place} if judged[place] > enough else set()
    for place in sorted(told, key=lambda place: (judged[place], chains[place])):
        judge(place, told - {place})
        told -= {place} if judged[place] <= enough else set()
    return judged
