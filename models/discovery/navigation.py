"""Whether a first-order model of the site (where people go from each page) explains a funnel already."""

import numpy as np
from scipy.sparse import csc_array, identity
from scipy.sparse.linalg import splu

from models.discovery.sample import Sample
from models.discovery.trial import Chain, walkers_of


class Navigation:
    """The site as a Markov chain that ends: from each step to the next one, or out."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        inner = np.ones(len(sample.codes), dtype=np.bool_)
        inner[sample.starts[1:][sample.lengths() > 0] - 1] = False
        here = np.flatnonzero(inner)
        ones = np.ones(len(here))
        moves = csc_array((ones, (sample.codes[here], sample.codes[here + 1])), shape=(sample.size, sample.size))
        visits = np.bincount(sample.codes, minlength=sample.size)
        self._moves = moves.multiply(1 / np.maximum(visits, 1)[:, None]).tocsc()

    def reaches(self, code: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """(size,) the chance to come to ``code`` some time after each step."""
        goes_on = self._moves.copy().tolil()
        arrives = self._moves[:, [code]].toarray().ravel()
        goes_on[:, code] = 0
        system = csc_array(identity(self._sample.size, format="csc") - goes_on.tocsc())
        chances: np.ndarray[tuple[int], np.dtype[np.float64]] = splu(system).solve(arrives)
        return chances

    def surprise(self, chain: Chain) -> float:
        """How many times more often than the model says the beginnings of the chain lead on, at most, from step 3 on.

        1 for a path that is explained by where people go from each page.
        """
        ratios = [0.0]
        for place in range(2, len(chain)):
            before = len(walkers_of(self._sample, chain[:place]).sessions)
            after = len(walkers_of(self._sample, chain[: place + 1]).sessions)
            expected = before * float(self.reaches(chain[place])[chain[place - 1]])
            ratios.append(after / max(expected, 1e-9))
        return max(ratios)
