"""How near patterns come to what was planted, beside what can be told at all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import mean

import numpy as np
from sklearn.metrics import adjusted_rand_score

from models.discovery.discover import discover
from models.patterns.walkers import walked_of
from models.patterns.walking import learn_walking
from tests.bench.discovery import sites
from tests.bench.patterns.oracle import Oracle
from tests.models.discovery.arrays import paths_of
from tests.models.discovery.planted import Planted, Site, plant
from tests.models.patterns import hard_sites
from tests.models.patterns.test_walkers import taken
from tests.models.patterns.test_walking import most_steps

SITES = {name: site for name, site in sites.SITES.items() if site.funnels}
HARD: dict[str, Callable[[Planted, int], Planted]] = hard_sites.ALL


def rows(variant: str, seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    """One for each site whose name holds ``variant``. Adjusted Rand index against what was planted, in this order: of
    the walkers of found funnels, those labelled as navigation being none, mean and lowest; of those of all found
    funnels; of the planted funnel of which most steps are taken; were all who take two steps of theirs told right, and
    nobody else; of the oracle."""
    for name, make in _sites().items():
        if variant in name:
            told = [_one(make(sessions, sites.FIRST_SEED + seed)) for seed in range(seeds)]
            patterns, labelled, counted, two, oracle = ([each[n] for each in told] for n in range(5))
            yield {
                "data": name,
                "sessions": sessions,
                "seeds": seeds,
                "ARI": f"{mean(patterns):.3f}",
                "lowest": f"{min(patterns):.3f}",
                "with the labelled": f"{mean(labelled):.3f}",
                "by most steps": f"{mean(counted):.3f}",
                "two steps told right": f"{mean(two):.3f}",
                "share of that": f"{mean(patterns) / mean(two):.0%}",
                "oracle": f"{mean(oracle):.3f}" if min(oracle) > 0 else "–",
                "share of the oracle's": f"{mean(patterns) / mean(oracle):.0%}" if min(oracle) > 0 else "–",
            }


def _sites() -> dict[str, Callable[[int, int], tuple[Planted, Site | None]]]:
    made: dict[str, Callable[[int, int], tuple[Planted, Site | None]]] = {
        name: _plain(site) for name, site in SITES.items()
    }
    return made | {name: _hard(change) for name, change in HARD.items()}


def _plain(site: Site) -> Callable[[int, int], tuple[Planted, Site | None]]:
    known = not (site.markov or site.ends or site.twice)

    def make(sessions: int, seed: int) -> tuple[Planted, Site | None]:
        one = replace(site, sessions=sessions, seed=seed)
        return plant(one), one if known else None

    return make


def _hard(change: Callable[[Planted, int], Planted]) -> Callable[[int, int], tuple[Planted, Site | None]]:
    return lambda sessions, seed: (change(plant(Site(sessions=sessions, seed=seed)), seed), None)


def _one(planted: tuple[Planted, Site | None]) -> tuple[float, ...]:
    made, site = planted
    paths = paths_of(made)
    findings = discover(paths).findings
    found = [finding.steps for finding in findings]
    walked = walked_of(paths, found, learn_walking(paths, found)).funnel
    news = np.where(np.array([*(one.by_navigation for one in findings), True])[walked], -1, walked)
    two = [
        group if group >= 0 and taken(steps, made.funnels[group]) > 1 else -1
        for steps, group in zip(made.sessions, made.groups, strict=True)
    ]
    told = [adjusted_rand_score(made.groups, each) for each in (news, walked, most_steps(made), two)]
    return (*told, adjusted_rand_score(made.groups, Oracle(site).groups(made)) if site else 0.0)
