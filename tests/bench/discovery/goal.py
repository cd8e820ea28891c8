"""What leads to a goal: each planted funnel's last step is asked for, and a page of noise that nothing leads to."""

from collections.abc import Iterator

from models.discovery.discover import discover
from tests.bench.discovery import sites
from tests.models.discovery.arrays import paths_of

VARIANTS = ("plain", "40 % leave at each step", "entry and exit pages", "300 pages")
NOISE = 3
"""Pages of each site that are asked for."""


def rows(_: str, seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    """One for each site. exact: the planted funnel and nothing else."""
    for name in VARIANTS:
        asked = exact = more = silent = noise = 0
        for seed in range(seeds):
            made = sites.made(name, sessions, seed)
            paths = paths_of(made)
            for funnel in made.funnels:
                found = {one.steps for one in discover(paths, goal=funnel[-1]).findings}
                asked, exact = asked + 1, exact + (found == {funnel})
                more += len(found - {funnel})
            planted = {step for funnel in made.funnels for step in funnel}
            pages = [step for step in paths.vocabulary if step not in planted and step.startswith("page:/topic")]
            for page in pages[:: len(pages) // NOISE][:NOISE]:
                noise, silent = noise + 1, silent + (discover(paths, goal=page).findings == [])
        yield {
            "data": name,
            "sessions": sessions,
            "goals asked": asked,
            "exactly the planted funnel": exact,
            "others told": more,
            "pages of noise asked": noise,
            "nothing told": silent,
        }
