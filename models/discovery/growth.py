"""Chains grown on the first half: from pairs, by the step that fits best anywhere, as long as one does."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import log

import numpy as np

from models.discovery.chance import Chance, learn_chance
from models.discovery.limits import SLOTS_LOOKED_AT, Limits
from models.discovery.navigation import Navigation
from models.discovery.sample import Sample
from models.discovery.trial import Chain, Trial, trials


@dataclass(frozen=True, slots=True)
class Ground:
    """What chains grow on: a half, what chance and navigation give in it, and the bar. ``goal``: the last step of
    every chain."""

    sample: Sample
    chance: Chance
    navigation: Navigation
    limits: Limits
    support: int
    log_alpha: float
    goal: int | None = None

    def fits(self, trial: Trial) -> Iterator[tuple[float, int]]:
        """Steps that belong at the trial's place, with the worse log p."""
        for code in np.flatnonzero(trial.passes(self.log_alpha, self.limits, self.support)):
            yield float(trial.worse_log_p[code]), int(code)


def make_ground(sample: Sample, limits: Limits, goal: int | None = None) -> Ground:
    """The bar is ``alpha`` over every pair and every extension that may be looked at."""
    log_alpha = log(limits.alpha / (SLOTS_LOOKED_AT * sample.size**2))
    support = limits.least_support(len(sample))
    return Ground(sample, learn_chance(sample), Navigation(sample), limits, support, log_alpha, goal)


def again_on(ground: Ground, sample: Sample, tests: int) -> Ground:
    """The other half, with a bar of ``alpha`` over the tests that are made there, and no support asked for."""
    log_alpha = log(ground.limits.alpha / max(tests, 1))
    return Ground(sample, learn_chance(sample), Navigation(sample), ground.limits, 1, log_alpha, ground.goal)


def seeds(ground: Ground, progress: Callable[[int, int], None]) -> list[Chain]:
    """Pairs that pass both tests, the surest first."""
    found: list[tuple[float, Chain]] = []
    supports = ground.sample.supports()
    firsts = [ground.goal] if ground.goal else list(range(1, ground.sample.size))
    for done, code in enumerate(firsts):
        progress(done, len(firsts))
        if supports[code] < ground.support:
            continue
        place = 0 if ground.goal else 1
        for trial in trials(ground.sample, ground.chance, (code,), [place]):
            for other in np.flatnonzero(trial.is_seed(ground.log_alpha, ground.limits, ground.support)):
                pair = (int(other), code) if ground.goal else (code, int(other))
                found.append((float(trial.worse_log_p[other]), pair))
    return [chain for _, chain in sorted(found)]


def grow(ground: Ground, seed: Chain) -> Chain:
    """The seed with the best fitting step put in, again and again."""
    chain = seed
    while len(chain) < ground.limits.most_steps:
        places = range(len(chain) + (ground.goal is None))
        best = min(
            (
                (p, trial.place, code)
                for trial in trials(ground.sample, ground.chance, chain, places)
                for p, code in ground.fits(trial)
            ),
            default=None,
        )
        if best is None:
            break
        _, place, code = best
        chain = (*chain[:place], code, *chain[place:])
    return chain


def is_within(short: Chain, long: Chain) -> bool:
    """Whether ``long`` holds the steps of ``short`` in order."""
    steps = iter(long)
    return all(step in steps for step in short)


def maximal(chains: Iterable[Chain]) -> list[Chain]:
    """Those that are not within another."""
    distinct = sorted(set(chains), key=lambda chain: (-len(chain), chain))
    kept: list[Chain] = []
    for chain in distinct:
        if not any(is_within(chain, longer) for longer in kept):
            kept.append(chain)
    return kept
