"""What each part of the method keeps out: the same data with the part taken away."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from math import log

import msgspec

from models.discovery.discover import confirm, discover, find_chains
from models.discovery.growth import make_ground
from models.discovery.limits import DEFAULT_LIMITS, Limits
from models.discovery.sample import Halves, split
from models.paths import Paths
from tests.bench.discovery import sites
from tests.models.discovery.arrays import as_paths, paths_of
from tests.models.discovery.controls import without_association, without_order, without_positions
from tests.models.discovery.planted import Planted, Site, plant, shuffled_over, shuffled_within

OPEN = msgspec.structs.replace(
    DEFAULT_LIMITS, continuation=-1, order=-1, forward=-1, tail=0, lift=1, support=5, support_share=0, visitors=0
)
"""No threshold on shares, counts or lift: nothing but the two tests."""


@dataclass(frozen=True)
class _Part:
    name: str
    leave_out: Callable[[], AbstractContextManager[None]]


PARTS = [
    _Part("whole method", nullcontext),
    _Part("without the order test", without_order),
    _Part("without the association test", without_association),
    _Part("without matching on position", without_positions),
]


def rows(_: str, seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    """Tests taken away on three kinds of data; then the correction and the other half, on pure noise."""
    yield from _tests(seeds, sessions)
    yield from _guards(seeds, sessions)


def _tests(seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    all_made = [plant(Site(sessions=sessions, seed=sites.FIRST_SEED + seed, ends=True)) for seed in range(seeds)]
    for part in PARTS:
        for data, paths_of_site in DATA.items():
            right = false = 0
            for seed, made in enumerate(all_made):
                with part.leave_out():
                    found = {one.steps for one in discover(paths_of_site(made, seed)).findings}
                right += len(found & set(made.funnels)) if data == "planted" else 0
                false += len(found - set(made.funnels)) if data == "planted" else len(found)
            planted = sum(len(made.funnels) for made in all_made) if data == "planted" else 0
            yield {"": part.name, "data": data, "runs": seeds, "planted": planted, "found": right, "false": false}


DATA: dict[str, Callable[[Planted, int], Paths]] = {
    "planted": lambda made, _: paths_of(made),
    "shuffled over": lambda made, seed: as_paths(shuffled_over(made, seed)),
    "shuffled within": lambda made, seed: as_paths(shuffled_within(made, seed)),
}


def _guards(seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    noise = [
        split(as_paths(shuffled_over(plant(Site(sessions=sessions, seed=sites.FIRST_SEED + seed)), seed)), 0, 5, 25)
        for seed in range(seeds)
    ]
    for limits, words in ((DEFAULT_LIMITS, "default"), (OPEN, "none")):
        for bar in BARS:
            for other_half in (True, False):
                counts = [_confirmed(halves, limits, bar, other_half) for halves in noise]
                yield {
                    "thresholds on shares": words,
                    "bar of a test": bar or "corrected",
                    "other half": "yes" if other_half else "no",
                    "runs": seeds,
                    "runs with a finding": sum(count > 0 for count in counts),
                    "findings": sum(counts),
                }


BARS = (None, 0.05, 0.5)
"""None: corrected for all that are made. The p-values are upper bounds, so that 0.05 is a closed door still."""


def _confirmed(halves: Halves, limits: Limits, bar: float | None, other_half: bool) -> int:
    """Findings in noise."""
    ground = make_ground(halves.found_on, limits)
    if bar:
        ground = replace(ground, log_alpha=log(bar))
    _, chains = find_chains(ground, lambda *_: None)
    tests = sum(map(len, chains))
    told = msgspec.structs.replace(limits, alpha=bar * max(tests, 1)) if bar else limits
    second = halves.confirmed_on if other_half else halves.found_on
    return len(confirm(replace(ground, limits=told), second, chains, lambda *_: None))
