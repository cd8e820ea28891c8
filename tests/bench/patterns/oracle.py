"""The ceiling: whose pattern a session most likely is, by one who knows how the site was planted, to the last number.

Exact Bayes for sites without links, frames, and second funnels. Nothing that has only the sessions can do better but by
luck; what it knows and they do not tell is in decision 0030.
"""

import random
from itertools import pairwise
from math import exp

import numpy as np
from numpy.typing import NDArray

from tests.models.discovery import planted
from tests.models.discovery.planted import Noise, Planted, Site, Steps

FEW = 3
"""As many numbers of pages before and after a funnel, from none on, each as likely."""
LENGTHS = [exp(-0.22 * n) - (exp(-0.22 * (n + 1)) if n < 30 else 0.0) for n in range(31)]
"""Of the sessions of no funnel, from one page on."""


class Oracle:
    """Knows the funnels, their shares, who leaves where, and how popular each page is as noise."""

    def __init__(self, site: Site) -> None:
        if site.markov or site.ends or site.twice:
            raise ValueError("this oracle knows plain sites")
        rng, number = random.Random(f"planted {site.seed}"), iter(range(10_000))
        self.site = site
        self.funnels = [tuple(planted._step(rng, next(number)) for _ in range(length)) for length in site.funnels]
        self.shares = [rng.uniform(*site.shares) for _ in self.funnels]
        self.leaves = [[rng.uniform(*site.leave) for _ in funnel] for funnel in self.funnels]
        noise = Noise(site, rng, [step for funnel in self.funnels for step in funnel])
        weights = [after - before for before, after in pairwise([0.0, *noise.weights])]
        self.popular = {page: weight / sum(weights) for page, weight in zip(noise.pages, weights, strict=True)}

    def groups(self, made: Planted) -> list[int]:
        """The most likely one of each session, -1 for none."""
        return [int(np.argmax(self._likely(steps))) - 1 for steps in made.sessions]

    def _likely(self, steps: Steps) -> list[float]:
        chances = [self.popular.get(step, 0.0) for step in steps]
        none = (1 - sum(self.shares)) * LENGTHS[len(steps) - 1] if len(steps) <= len(LENGTHS) else 0.0
        walks = [
            share * self._walk(steps, chances, funnel, leave) if funnel[0] in steps else 0.0
            for funnel, share, leave in zip(self.funnels, self.shares, self.leaves, strict=True)
        ]
        return [none * float(np.prod(chances)), *walks]

    def _walk(self, steps: Steps, chances: list[float], funnel: tuple[str, ...], leave: list[float]) -> float:
        """Over all ways to lay the funnel into the session. at[n]: that it has come so far after n of the slots."""
        at = np.zeros(len(steps) + 1)
        for before in range(min(FEW, len(steps))):
            at[before] = float(np.prod(chances[:before])) / FEW
        told, at = 0.0, self._taken(at, steps, funnel[0])
        for place, step in enumerate(funnel[1:], 1):
            told += leave[place] * self._ended(at, chances)
            at = self._taken(self._wandered((1 - leave[place]) * at, chances), steps, step)
        return told + self._ended(at, chances)

    def _taken(self, at: NDArray[np.float64], steps: Steps, step: str) -> NDArray[np.float64]:
        """The step, once or twice in a row."""
        after = np.zeros(len(at))
        for slot, here in enumerate(steps):
            if here == step:
                after[slot + 1] += at[slot] * (1 - self.site.repeat)
                if steps[slot + 1 : slot + 2] == [step]:
                    after[slot + 2] += at[slot] * self.site.repeat
        return after

    def _wandered(self, at: NDArray[np.float64], chances: list[float]) -> NDArray[np.float64]:
        """Any number of noise pages, then none."""
        after = at.copy()
        for slot, chance in enumerate(chances):
            after[slot + 1] += after[slot] * self.site.noise * chance
        return after * (1 - self.site.noise)

    @staticmethod
    def _ended(at: NDArray[np.float64], chances: list[float]) -> float:
        """A few noise pages to the end."""
        lasts = range(max(len(at) - FEW, 0), len(at))
        return sum(float(at[slot] * np.prod(chances[slot:])) for slot in lasts) / FEW
