"""Sessions with funnels planted in them, made with the standard library's random numbers alone; nothing of `models`."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

Steps = list[str]


@dataclass(frozen=True)
class Site:
    """How sessions are made. Shares and chances are between 0 and 1."""

    sessions: int = 12_000
    funnels: tuple[int, ...] = (3, 4, 4, 5, 5, 6)
    """Steps of each planted funnel."""
    shares: tuple[float, float] = (0.05, 0.07)
    leave: tuple[float, float] = (0.12, 0.20)
    """At each step after the first."""
    noise: float = 0.3
    """Chance of a noise step before the next one; again and again."""
    repeat: float = 0.1
    pages: int = 40
    """Noise pages beside the steps of the funnels, which are noise elsewhere too; popular by 1 / rank, in any order."""
    ends: bool = False
    """A common entry page and a common exit page around most sessions."""
    twice: float = 0.0
    """Chance that a funnel session walks another one after it."""
    markov: float = 0.0
    """How strongly noise goes from page to page: the chance to follow one of ``links`` instead of popularity."""
    links: int = 4
    sessions_a_visitor: int = 1
    seed: int = 1


@dataclass
class Planted:
    """sessions: steps of each. visitors: whose it is. funnels: what was planted. groups: funnel walked first, or -1."""

    sessions: list[Steps] = field(default_factory=list)
    visitors: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    funnels: list[tuple[str, ...]] = field(default_factory=list)


def plant(site: Site) -> Planted:
    """Sessions of one site."""
    rng = random.Random(f"planted {site.seed}")
    made = Planted()
    number = iter(range(10_000))
    made.funnels = [tuple(_step(rng, next(number)) for _ in range(length)) for length in site.funnels]
    shares = [rng.uniform(*site.shares) for _ in made.funnels]
    leaves = [[rng.uniform(*site.leave) for _ in funnel] for funnel in made.funnels]
    noise = Noise(site, rng, [step for funnel in made.funnels for step in funnel])
    for session in range(site.sessions):
        group = _group(rng, shares)
        steps = _walk(rng, site, noise, made, leaves, group)
        made.sessions.append(_framed(rng, site, steps))
        made.visitors.append(rng.randrange(site.sessions // 3) if site.sessions_a_visitor > 1 else session)
        made.groups.append(group)
    return made


def _step(rng: random.Random, number: int) -> str:
    return (
        f"event:Did {_word(number)}" if rng.random() < 0.3 else f"page:/{_word(number)}/{rng.choice(['list', 'form'])}"
    )


def _word(number: int) -> str:
    """Letters only, so that no path looks like an id."""
    return _LETTERS[number // 26] + _LETTERS[number % 26] + "le"


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _group(rng: random.Random, shares: list[float]) -> int:
    point = rng.random()
    for group, share in enumerate(shares):
        point -= share
        if point < 0:
            return group
    return -1


class Noise:
    """Pages one after another: by popularity, or along links."""

    def __init__(self, site: Site, rng: random.Random, planted: Steps) -> None:
        self.pages = [f"page:/topic-{_word(n // 20)}/{_word(n % 20)}" for n in range(site.pages)] + planted
        rng.shuffle(self.pages)
        self.weights = list(accumulate(1 / (rank + 1) for rank in range(len(self.pages))))
        self.links = {page: rng.sample(self.pages, site.links) for page in self.pages}
        self.markov = site.markov
        self.rng = rng

    def next(self, before: str | None) -> str:
        """The page after ``before``."""
        if before in self.links and self.rng.random() < self.markov:
            return self.rng.choice(self.links[before])
        return self.rng.choices(self.pages, cum_weights=self.weights)[0]

    def run(self, count: int, before: str | None = None) -> Steps:
        """So many pages."""
        steps: Steps = []
        for _ in range(count):
            before = self.next(before)
            steps.append(before)
        return steps


def _walk(rng: random.Random, site: Site, noise: Noise, made: Planted, leaves: list[list[float]], group: int) -> Steps:
    if group < 0:
        return noise.run(1 + min(int(rng.expovariate(0.22)), 30))
    steps = noise.run(rng.randrange(3))
    steps += _funnel(rng, site, noise, made.funnels[group], leaves[group])
    if rng.random() < site.twice:
        other = rng.choice([n for n in range(len(made.funnels)) if n != group])
        steps += _funnel(rng, site, noise, made.funnels[other], leaves[other])
    return steps + noise.run(rng.randrange(3), steps[-1])


def _funnel(rng: random.Random, site: Site, noise: Noise, funnel: tuple[str, ...], leave: list[float]) -> Steps:
    steps: Steps = []
    for place, step in enumerate(funnel):
        if place and rng.random() < leave[place]:
            break
        while place and rng.random() < site.noise:
            steps.append(noise.next(steps[-1]))
        steps += [step] * (2 if rng.random() < site.repeat else 1)
    return steps


def _framed(rng: random.Random, site: Site, steps: Steps) -> Steps:
    if not site.ends:
        return steps
    entry = ["page:/"] if rng.random() < 0.8 else []
    exit_ = ["page:/logout"] if rng.random() < 0.6 else []
    return [*entry, *steps, *exit_]


def shuffled_over(made: Planted, seed: int) -> list[Steps]:
    """The same steps over all sessions, lengths kept: nothing is planted any more."""
    rng = random.Random(f"over {seed}")
    all_steps = [step for steps in made.sessions for step in steps]
    rng.shuffle(all_steps)
    rest: Iterator[str] = iter(all_steps)
    return [[next(rest) for _ in steps] for steps in made.sessions]


def shuffled_within(made: Planted, seed: int) -> list[Steps]:
    """Each session's own steps in any order: who does what stays, when does not."""
    rng = random.Random(f"within {seed}")
    return [rng.sample(steps, len(steps)) for steps in made.sessions]
