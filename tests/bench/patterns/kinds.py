"""Kinds of sessions that share pages: as many clusters as kinds, each session in its kind's."""

from collections.abc import Iterator
from statistics import mean

from sklearn.metrics import adjusted_rand_score

from tests.models.discovery.arrays import paths_of
from tests.models.patterns.behaving import Crowd, behave
from tests.models.patterns.test_clusters import CROWDS, clustered


def rows(variant: str, seeds: int, sessions: int) -> Iterator[dict[str, object]]:
    """One for each crowd whose name holds ``variant``; ARI over sessions of three different steps and more."""
    for name, crowd in CROWDS.items():
        if variant in name:
            told = [_one(Crowd(sessions=sessions, seed=seed, **crowd)) for seed in range(seeds)]
            yield {
                "data": name,
                "sessions": sessions,
                "runs": seeds,
                "as many clusters as kinds": sum(right for right, _, _ in told),
                "ARI": f"{mean(index for _, index, _ in told):.3f}",
                "lowest": f"{min(index for _, index, _ in told):.3f}",
                "least stable": f"{min(stability for _, _, stability in told):.2f}",
            }


def _one(crowd: Crowd) -> tuple[bool, float, float]:
    made = behave(crowd)
    found, labels = clustered(paths_of(made))
    long = [place for place, steps in enumerate(made.sessions) if len(set(steps)) >= 3]
    index = adjusted_rand_score([made.groups[place] for place in long], labels[long])
    stability = found.found.stability if found.found else 0.0
    return bool(found.found) and len(found.centers) == len(set(made.groups)), index, stability
