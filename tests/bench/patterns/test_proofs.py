"""The proofs' own counts, and the oracle: as sure as it is right."""

import numpy as np
import pytest

from tests.bench.patterns import planted
from tests.bench.patterns.oracle import Oracle
from tests.models.discovery.planted import Site, plant


@pytest.mark.parametrize("variant", [{}, {"leave": (0.4, 0.4)}, {"noise": 0.5, "repeat": 0.3}])
def test_the_oracle_is_right_as_often_as_it_says(variant: dict[str, object]) -> None:
    """Its likelihoods are those of the planting: of all sessions, and of those it is in doubt about."""
    site = Site(sessions=6_000, seed=77, **variant)  # type: ignore[arg-type]  # any setting
    made, oracle = plant(site), Oracle(site)
    assert oracle.funnels == made.funnels

    likely = np.array([oracle._likely(steps) for steps in made.sessions])
    sure = likely.max(axis=1) / likely.sum(axis=1)
    right = np.array(oracle.groups(made)) == made.groups

    for some in (sure > 0, sure < 0.95):
        assert right[some].mean() == pytest.approx(sure[some].mean(), abs=0.03)
    assert (sure < 0.95).sum() > 200


def test_the_oracle_knows_its_limits() -> None:
    """Sites whose likelihoods it cannot tell."""
    for hard in ({"markov": 0.5}, {"ends": True}, {"twice": 0.1}):
        with pytest.raises(ValueError, match="plain sites"):
            Oracle(Site(**hard))


def test_a_row_of_planted_patterns_stands_beside_its_ceilings() -> None:
    """Above the count of steps, below what can be told."""
    (row,) = planted.rows("plain", 1, 6_000)

    told = [float(str(row[name])) for name in ("by most steps", "ARI", "two steps told right", "oracle")]
    assert told == sorted(told)
    assert told[0] > 0.7
