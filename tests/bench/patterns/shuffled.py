"""Patterns where there are none: steps of sites and of crowds shuffled over all sessions."""

from collections.abc import Iterator

from tests.models.discovery.arrays import as_paths
from tests.models.discovery.planted import Site, plant, shuffled_over
from tests.models.patterns.behaving import Crowd, behave
from tests.models.patterns.test_model import learned


def rows(_: str, seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    """One row. Every other run is of a crowd, the others of a site with funnels."""
    funnels = clusters = 0
    most = 0.0
    for seed in range(seeds):
        site = Site(sessions=sessions, seed=seed, ends=True)
        model = learned(
            as_paths(shuffled_over(behave(Crowd(sessions=sessions, seed=seed)) if seed % 2 else plant(site), seed))
        )
        if not model.tried:
            raise ValueError("a run that looked for nothing proves nothing")
        funnels, clusters = funnels + bool(model.funnels), clusters + bool(model.clusters)
        most = max(most, *(one.stability for one in model.tried))
    yield {
        "sessions": sessions,
        "runs": seeds,
        "that claim a funnel": funnels,
        "that claim clusters": clusters,
        "most stable": f"{most:.2f}",
    }
