"""Runs that report a funnel where none can be: steps shuffled over all sessions, or within each."""

from collections.abc import Iterator

from models.discovery.discover import discover
from tests.bench.discovery import sites
from tests.models.discovery.arrays import as_paths
from tests.models.discovery.planted import Site, plant, shuffled_over, shuffled_within

SHUFFLES = {"over all sessions": shuffled_over, "within each session": shuffled_within}


def rows(_: str, seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    """One for each shuffle; every other site has entry and exit pages."""
    found: dict[str, list[int]] = {name: [] for name in SHUFFLES}
    for seed in range(sites.FIRST_SEED, sites.FIRST_SEED + seeds):
        made = plant(Site(sessions=sessions, seed=seed, ends=seed % 2 == 1))
        for name, shuffle in SHUFFLES.items():
            told = discover(as_paths(shuffle(made, seed), made.visitors))
            if told.too_few:
                raise ValueError(f"a run that looked for nothing proves nothing: {told.too_few}")
            found[name].append(len(told.findings))
    for name, counts in found.items():
        yield {
            "steps shuffled": name,
            "sessions": sessions,
            "runs": seeds,
            "runs that report a funnel": sum(count > 0 for count in counts),
            "findings": sum(counts),
        }
