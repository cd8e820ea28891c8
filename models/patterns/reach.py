"""How far apart a funnel's first two steps may be in a session that takes no more of it, and still be a walk of it.

Two popular steps meet in many sessions by chance, and then anywhere in them. Who goes on to the third step tells how
far apart they are in a walk.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.discovery.chance import Chance, Floats, learn_chance
from models.discovery.sample import Ints, Sample, make_sample, ranges
from models.discovery.trial import Chain, trials, walkers_of
from models.paths import Paths
from models.patterns.walkers import FARTHEST, LEAST_STEPS, Walked, chains_of, gaps_of, walked_in

LOOKED_AT = 200_000
"""Sessions, evenly from all of them."""


def learn_reaches(paths: Paths, funnels: Sequence[Sequence[str]]) -> list[int]:
    """(funnels,) slots; 0 where two steps are rather chance at any distance, FARTHEST where none is too far."""
    some = np.unique(np.linspace(0, max(len(paths) - 1, 0), LOOKED_AT).astype(np.int64))[: len(paths)]
    sample, chains = _chosen(paths.folded(), some, max(len(paths.vocabulary), 1)), chains_of(paths, funnels)
    walked = walked_in(sample, chains, [FARTHEST] * len(chains))
    rest = _chosen(sample, np.flatnonzero(walked.steps <= LEAST_STEPS), sample.size)
    if not chains or not len(rest):
        return [FARTHEST] * len(chains)
    chance = learn_chance(rest)
    return [_reach(sample, rest, chance, walked, place, chain) for place, chain in enumerate(chains)]


def _chosen(of: Paths | Sample, sessions: Ints, size: int) -> Sample:
    begins, ends = of.starts[sessions], of.starts[sessions + 1]
    slots, _ = ranges(begins, ends)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(ends - begins)])
    return make_sample(of.codes[slots].astype(np.int64), starts, of.visitors[sessions], size)


def _reach(sample: Sample, rest: Sample, chance: Chance, walked: Walked, place: int, chain: Chain) -> int:
    """The distance up to which most more of those who stop after two steps are walkers than are there by chance."""
    if len(chain) < LEAST_STEPS:
        return FARTHEST
    walkers = walkers_of(sample, chain[:LEAST_STEPS])
    gaps, own = gaps_of(sample, walkers, chain[0]), walked.funnel[walkers.sessions] == place
    goes_on = walked.steps[walkers.sessions] > LEAST_STEPS
    stopped = int((own & ~goes_on).sum())
    if not stopped:
        return FARTHEST
    (trial,) = trials(rest, chance, chain[:1], [1])
    by_chance = min(float(trial.frequent[chain[1]]), stopped)
    walks, anywhere = _shares(gaps[own & goes_on]), _anywhere(rest, chain[0])
    gain = np.cumsum((stopped - by_chance) * walks - by_chance * anywhere)
    return int(gain.argmax()) + 1 if gain.max() > 0 else 0


def _shares(gaps: Ints) -> Floats:
    """(FARTHEST,) of each distance from 1 on."""
    return _normed(np.bincount(gaps, minlength=FARTHEST + 1)[1:])


def _anywhere(rest: Sample, first: int) -> Floats:
    """(FARTHEST,) of each distance, were the second step put into any slot after the first one."""
    holders = walkers_of(rest, (first,))
    left = np.minimum(rest.starts[holders.sessions + 1] - holders.ends[0] - 1, FARTHEST)
    return _normed(np.bincount(left, minlength=FARTHEST + 1)[::-1].cumsum()[::-1][1:])


def _normed(counts: NDArray[np.int64]) -> Floats:
    """Half a session more for each distance, so that none is impossible."""
    shares: Floats = (counts + 0.5) / (counts + 0.5).sum()
    return shares
