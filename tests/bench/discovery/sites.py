"""The sites that funnels are planted on: the plain one and what makes it hard."""

from collections.abc import Callable
from dataclasses import replace

from tests.models.discovery.planted import Planted, Site, plant

FIRST_SEED = 1000
"""Beyond those that the tests use and the method was built on."""
SITES: dict[str, Site] = {
    "plain": Site(),
    "shares of 2 %": Site(shares=(0.02, 0.02)),
    "40 % leave at each step": Site(leave=(0.4, 0.4)),
    "shares of 2 % and 40 % leave": Site(shares=(0.02, 0.02), leave=(0.4, 0.4)),
    "noise 0.5": Site(noise=0.5),
    "300 pages": Site(pages=300),
    "entry and exit pages": Site(ends=True),
    "two funnels in 30 % of the sessions": Site(twice=0.3),
    "links, four a page, followed with 0.5": Site(markov=0.5),
    "links, three a page, followed with 0.8": Site(markov=0.8, links=3),
    "links, three a page, followed with 0.9": Site(markov=0.9, links=3),
    "links with 0.9, nothing planted": Site(markov=0.9, links=3, funnels=()),
}


def made(name: str, sessions: int, seed: int) -> Planted:
    """Sessions of a site, or of one that is made from two."""
    seed += FIRST_SEED
    if name in MIXED:
        return MIXED[name](sessions, seed)
    return plant(replace(SITES[name], sessions=sessions, seed=seed))


def _nested(sessions: int, seed: int) -> Planted:
    """A funnel of six steps, and as many sessions that walk only its first three, to the end."""
    long = plant(Site(sessions=sessions, seed=seed, funnels=(6,)))
    short = plant(Site(sessions=sessions // 16, seed=seed + 1, funnels=(3,), shares=(1, 1), leave=(0, 0)))
    names = dict(zip(short.funnels[0], long.funnels[0][:3], strict=True))
    return _both(long, [[names.get(step, step) for step in steps] for steps in short.sessions])


def _both(made_first: Planted, more: list[list[str]]) -> Planted:
    visitors = [*made_first.visitors, *range(len(made_first.sessions), len(made_first.sessions) + len(more))]
    return replace(made_first, sessions=made_first.sessions + more, visitors=visitors)


def _opposite(backwards: int) -> Callable[[int, int], Planted]:
    """One session in so many is walked backwards."""

    def plant_both(sessions: int, seed: int) -> Planted:
        forth = plant(Site(sessions=sessions, seed=seed))
        turned = [steps[::-1] if n % backwards == 0 else steps for n, steps in enumerate(forth.sessions)]
        return replace(forth, sessions=turned)

    return plant_both


MIXED: dict[str, Callable[[int, int], Planted]] = {
    "nested: six steps, and its first three alone": _nested,
    "a tenth walked backwards": _opposite(10),
    "a quarter walked backwards": _opposite(4),
    "half walked backwards": _opposite(2),
}
ALL = [*SITES, *MIXED]
