"""Walks of funnels in sessions: two of their first steps or more, in order, and how many slots lie around the steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.discovery.sample import Ints, Sample, chosen_sample
from models.discovery.trial import Chain, walkers_of
from models.paths import Paths

LEAST_STEPS = 2
EDGES = np.unique(np.round(2 ** np.arange(0, 40.5, 0.5)).astype(np.int64))
"""Counts of slots are told apart up to 4, then in bins that grow by half of their doubling: bin n holds
[EDGES[n - 1], EDGES[n])."""
WIDTHS = np.diff(EDGES, prepend=0, append=2 * EDGES[-1])
NONE = len(WIDTHS)
"""In place of a bin where there is nothing between."""


@dataclass(frozen=True, slots=True)
class Walks:
    """Each session with each number of a funnel's first steps that it takes, two and more: (walks,) arrays.

    sessions, funnels: places. taken: steps. before, after: bins of the slots around the walk. between: (walks, most
    steps - 1) bins of those from one step to the next, NONE after the last. lengths: bins of the sessions' slots.
    """

    sessions: Ints
    funnels: Ints
    taken: Ints
    before: Ints
    after: Ints
    between: Ints
    lengths: Ints

    def __len__(self) -> int:
        return len(self.sessions)


def sample_of(paths: Paths, some: Ints | None = None) -> Sample:
    """All of ``paths``, which may repeat steps in a row, or the sessions at these places."""
    chosen = np.arange(len(paths)) if some is None else some
    return chosen_sample(paths.folded(), chosen, max(len(paths.vocabulary), 1))


def chains_of(paths: Paths, funnels: Sequence[Sequence[str]]) -> list[Chain]:
    """As codes, up to the first step that nobody takes."""
    place_of = {step: place for place, step in enumerate(paths.vocabulary)}
    known = [[step in place_of for step in steps] for steps in funnels]
    return [
        tuple(place_of[step] for step in steps[: (*told, False).index(False)])
        for steps, told in zip(funnels, known, strict=True)
    ]


def walks_in(sample: Sample, chains: Sequence[Chain]) -> Walks:
    """Of every chain. A walk begins at the last first step before the second one, and takes each next step as soon as
    it comes."""
    most = max((len(chain) for chain in chains), default=0)
    found = [
        _walks(sample, chain, funnel, taken, most)
        for funnel, chain in enumerate(chains)
        for taken in range(LEAST_STEPS, len(chain) + 1)
    ]
    found.append(np.zeros((0, 6 + max(most - 1, 0)), dtype=np.int64))
    rows: Ints = np.concatenate(found)
    sessions, funnels, taken, before, after, lengths = rows[:, :6].T
    return Walks(sessions, funnels, taken, bins(before), bins(after), _bins_between(rows[:, 6:]), bins(lengths))


def _walks(sample: Sample, chain: Chain, funnel: int, taken: int, most: int) -> Ints:
    """(walks, 6 + most - 1) what Walks holds, in slots, -1 for none."""
    walkers = walkers_of(sample, chain[:taken])
    sessions, slots = walkers.sessions, sample.slots_of[chain[0]]
    begins = slots[np.searchsorted(slots, walkers.ends[1]) - 1]
    at = [begins, *walkers.ends[1:]]
    first, end = sample.starts[sessions], sample.starts[sessions + 1]
    same = np.ones_like(sessions)
    gaps = [after - before - 1 for before, after in pairwise(at)]
    gaps += [-same] * (most - taken)
    return np.stack([sessions, funnel * same, taken * same, begins - first, end - 1 - at[-1], end - first, *gaps], 1)


def bins(counts: Ints) -> Ints:
    """The bin of each number of slots."""
    return np.searchsorted(EDGES, counts, side="right").astype(np.int64)


def _bins_between(gaps: Ints) -> Ints:
    return np.where(gaps < 0, NONE, bins(np.maximum(gaps, 0)))


def density(binned: Ints, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(bins,) share of each number of slots in a bin; half of one more in each bin, so that none is impossible."""
    counts = np.bincount(binned, weights, minlength=NONE)[:NONE] + 0.5
    shares: NDArray[np.float64] = counts / counts.sum() / WIDTHS
    return shares
