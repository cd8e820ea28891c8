"""Whether a first-order model of the site (where people go from each page) explains a funnel already."""

import numpy as np
from scipy.sparse import csr_array

from models.discovery.chance import LONGEST, Floats
from models.discovery.sample import Sample
from models.discovery.trial import Chain, walkers_of


class Navigation:
    """The site as a Markov chain: from each step to the next one, in sessions that go on."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        inner = np.ones(len(sample.codes), dtype=np.bool_)
        inner[sample.starts[1:][sample.lengths() > 0] - 1] = False
        here = np.flatnonzero(inner)
        ones = np.ones(len(here))
        moves = csr_array((ones, (sample.codes[here], sample.codes[here + 1])), shape=(sample.size, sample.size))
        self._moves = moves.multiply(1 / np.maximum(moves.sum(axis=1), 1)[:, None]).tocsr()

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

    def surprise(self, chain: Chain) -> float:
        """The geometric mean of the ratios from step 3 on; about 1 for a path that is explained by where people go
        from each page."""
        ratios = [self.ratio(chain, place) for place in range(2, len(chain))]
        return float(np.exp(np.mean(np.log(ratios)))) if ratios else 1.0
