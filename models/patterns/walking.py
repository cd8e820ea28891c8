"""Whether a session walks a funnel, or takes its steps by chance: the likelihood of both, learned from all sessions.

Two popular steps meet in many sessions by chance, and then anywhere in them. A walk differs: by how near its steps are,
by how much comes before and after it, and by how many walk so far. See decision 0030.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from models.discovery.chance import Floats
from models.discovery.sample import Sample
from models.discovery.trial import Chain
from models.paths import Paths
from models.patterns.walks import LEAST_STEPS, NONE, Walks, bins, chains_of, density, sample_of, walks_in

LOOKED_AT = 200_000
"""Sessions learned from, evenly from all of them."""
ROUNDS = 100
SAME = 0.01
"""Learning ends where no walk is surer or less sure by more than that."""


class Walking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """shares: of each funnel, of all sessions those that walk two of its steps, three, … and no more. others: those
    that walk none. chances: of each funnel, the share of slots outside of walks that hold each of its steps. Densities,
    (bins,) of the slots before a walk, after it, between two of its steps, and of sessions that walk none."""

    shares: list[list[float]]
    others: float
    chances: list[list[float]]
    before: list[float]
    after: list[float]
    between: list[float]
    lengths: list[float]


def learn_walking(paths: Paths, funnels: Sequence[Sequence[str]]) -> Walking:
    """By expectation and maximization (Dempster, Laird, Rubin 1977), from walks of three steps and more on."""
    some = np.unique(np.linspace(0, max(len(paths) - 1, 0), LOOKED_AT).astype(np.int64))[: len(paths)]
    sample, chains = sample_of(paths, some), chains_of(paths, funnels)
    walks = walks_in(sample, chains)
    weights = _normed(walks, np.where(walks.taken > LEAST_STEPS, 1e6, 0.0))
    for _ in range(ROUNDS):
        walking = _fitted(sample, chains, [len(funnel) for funnel in funnels], walks, weights)
        before, weights = weights, _normed(walks, odds(walks, walking))
        if np.abs(weights - before).max(initial=0) < SAME:
            break
    return walking


def odds(walks: Walks, walking: Walking) -> Floats:
    """(walks,) how much more likely it is that the session walks so far and no further than that it walks nothing."""
    most = max((len(chances) for chances in walking.chances), default=1)
    shares = np.array([_padded([1, 1, *each], most + 1) for each in walking.shares]).reshape(-1, most + 1)
    chances = np.array([_padded([1, *each], most + 1) for each in walking.chances]).reshape(-1, most + 1)
    by_chance = np.log(chances).cumsum(axis=1)[walks.funnels, walks.taken]
    between = np.log([*walking.between, 1])[walks.between].sum(axis=1)
    around = np.log(walking.before)[walks.before] + np.log(walking.after)[walks.after]
    others = np.log(walking.lengths)[walks.lengths] + np.log(walking.others)
    told: Floats = np.exp(
        np.minimum(np.log(shares)[walks.funnels, walks.taken] + around + between - others - by_chance, 300)
    )
    return told


def _padded(shares: Sequence[float], length: int) -> list[float]:
    return [*shares, *[1.0] * (length - len(shares))]


def _normed(walks: Walks, told: Floats) -> Floats:
    """(walks,) how probable each is, beside the session's other walks and none."""
    weights: Floats = told / (1 + np.bincount(walks.sessions, told, minlength=1))[walks.sessions]
    return weights


def _fitted(sample: Sample, chains: Sequence[Chain], steps: Sequence[int], walks: Walks, weights: Floats) -> Walking:
    """What makes the walks, each as probable as its weight, most likely. steps: how many each funnel has."""
    of = max(len(sample), 1)
    rest = 1 - np.bincount(walks.sessions, weights, minlength=len(sample)).astype(np.float64)
    taking: list[Floats] = [
        np.bincount(walks.taken[mine], weights[mine], minlength=count + 1).astype(np.float64)
        for funnel, count in enumerate(steps)
        for mine in [walks.funnels == funnel]
    ]
    real = walks.between != NONE
    return Walking(
        shares=[((counts[LEAST_STEPS:] + 0.5) / of).tolist() for counts in taking],
        others=(float(rest.sum()) + 0.5) / of,
        chances=_chances(sample, chains, taking),
        before=density(walks.before, weights).tolist(),
        after=density(walks.after, weights).tolist(),
        between=density(walks.between[real], np.broadcast_to(weights[:, None], real.shape)[real]).tolist(),
        lengths=density(bins(sample.lengths()), rest).tolist(),
    )


def _chances(sample: Sample, chains: Sequence[Chain], taking: Sequence[Floats]) -> list[list[float]]:
    """Slots that hold a step less those in which it is walked. taking: of each funnel, by steps taken, how many."""
    walked = np.zeros(sample.size)
    for chain, counts in zip(chains, taking, strict=True):
        further = counts[::-1].cumsum()[::-1]
        for place, code in enumerate(chain):
            walked[code] += further[place + 1]
    held = np.bincount(sample.codes, minlength=sample.size)
    free = np.maximum(held - walked, 0.5) / max(float(held.sum() - walked.sum()), 1.0)
    none = 0.5 / max(float(held.sum()), 1.0)
    return [
        [*(float(free[code]) for code in chain), *[none] * (len(counts) - 1 - len(chain))]
        for chain, counts in zip(chains, taking, strict=True)
    ]
