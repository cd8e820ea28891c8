"""Sessions of several kinds that do different things in no order, with the standard library's random numbers alone."""

import random
from dataclasses import dataclass, field

from tests.models.discovery.planted import Planted, Steps


@dataclass(frozen=True)
class Crowd:
    """How sessions are made. Shares and chances are between 0 and 1."""

    sessions: int = 6_000
    kinds: tuple[float, ...] = (0.4, 0.3, 0.3)
    """Share of each kind; what is left of 1 has no kind: any page, by popularity."""
    own: float = 0.75
    """Chance that a view is of the kind's own pages, not of any."""
    pages: int = 12
    """Of each kind alone."""
    common: int = 20
    """Of all."""
    length: float = 5.0
    """Views of a session, about."""
    seed: int = 1


@dataclass
class Behaved(Planted):
    """As planted, groups being kinds."""

    topics: list[str] = field(default_factory=list)


def behave(crowd: Crowd) -> Behaved:
    """Sessions of one crowd, each visitor's one."""
    rng = random.Random(f"behaving {crowd.seed}")
    made = Behaved(topics=[f"topic-{name}" for name in "abcdefgh"[: len(crowd.kinds)]])
    own = [_pages(rng, f"page:/{topic}/", crowd.pages) for topic in made.topics]
    common = _pages(rng, "page:/common/", crowd.common)
    for session in range(crowd.sessions):
        kind = _kind(rng, crowd.kinds)
        made.sessions.append(
            _session(rng, crowd, own[kind] if kind >= 0 else [], common + [page for pages in own for page in pages])
        )
        made.groups.append(kind)
        made.visitors.append(session)
    return made


def _pages(rng: random.Random, before: str, count: int) -> Steps:
    pages = [f"{before}{'abcdefghijklmnopqrstuvwxyz'[n % 26] * (1 + n // 26)}le" for n in range(count)]
    rng.shuffle(pages)
    return pages


def _kind(rng: random.Random, shares: tuple[float, ...]) -> int:
    point = rng.random()
    for kind, share in enumerate(shares):
        point -= share
        if point < 0:
            return kind
    return -1


def _session(rng: random.Random, crowd: Crowd, own: Steps, every: Steps) -> Steps:
    steps = []
    for _ in range(1 + min(int(rng.expovariate(1 / crowd.length)), 30)):
        pages = own if own and rng.random() < crowd.own else every
        steps.append(rng.choices(pages, weights=[1 / (rank + 1) for rank in range(len(pages))])[0])
    return steps
