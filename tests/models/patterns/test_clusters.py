"""The number of clusters is found where there are kinds of sessions, and none is claimed where there are not."""

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from models.paths import Paths
from models.patterns import clusters
from models.patterns.clusters import Clusters, Stability, find_clusters, nearest
from models.patterns.features import presence, usual_steps
from tests.models.discovery.arrays import as_paths, paths_of
from tests.models.discovery.planted import Site, plant, shuffled_over
from tests.models.patterns.behaving import Crowd, behave

SEEDS = int(os.environ.get("THALWEG_TEST_PATTERNS_SEEDS", "1"))
CROWDS: dict[str, dict[str, Any]] = {
    "three kinds and nothing else": {"kinds": (0.34, 0.33, 0.33)},
    "five kinds": {"kinds": (0.2,) * 5},
    "three kinds, half of the views their own": {"own": 0.5, "length": 8.0},
}


def clustered(paths: Paths, seed: int = 0) -> tuple[Clusters, np.ndarray[Any, Any]]:
    """What is found, and each session's cluster."""
    held = presence(paths, usual_steps(paths))
    found = find_clusters(held, seed)
    return found, nearest(held, found.weights, found.axes, found.centers)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("crowd", CROWDS)
def test_kinds_of_sessions_are_found(crowd: str, seed: int) -> None:
    """As many as there are; sessions of three pages and more fall to their kind."""
    made = behave(Crowd(sessions=4_000, seed=seed, **CROWDS[crowd]))

    found, labels = clustered(paths_of(made))

    assert found.found is not None
    assert found.found.clusters == len(set(made.groups))
    assert found.found.stability >= 0.9
    assert found.found.beyond >= 0.3
    long = [place for place, steps in enumerate(made.sessions) if len(set(steps)) >= 3]
    assert adjusted_rand_score([made.groups[place] for place in long], labels[long]) >= 0.8


@pytest.mark.parametrize("seed", range(4 * SEEDS))
def test_none_is_claimed_where_steps_are_shuffled(seed: int) -> None:
    """The same steps over all sessions: of sessions of several kinds, and of a site with funnels."""
    made = behave(Crowd(sessions=3_000, seed=seed)) if seed % 2 else plant(Site(sessions=4_000, seed=seed, ends=True))

    found, labels = clustered(as_paths(shuffled_over(made, seed)), seed)

    assert len(found.tried) == 7
    assert found.found is None
    assert set(labels) == {-1}


@pytest.mark.parametrize("kinds", [(), (1.0,)])
def test_one_kind_is_one_cluster(kinds: tuple[float, ...]) -> None:
    """Any page by popularity, or all of one topic."""
    found, _ = clustered(paths_of(behave(Crowd(sessions=3_000, kinds=kinds))))

    assert found.found is None
    assert max(one.stability for one in found.tried) < clusters.STABLE


@pytest.mark.parametrize(("sessions", "pages"), [(900, 12), (3_000, 1)])
def test_too_little_is_not_looked_at(sessions: int, pages: int) -> None:
    """Too few sessions, or too few steps."""
    found, labels = clustered(paths_of(behave(Crowd(sessions=sessions, pages=pages, common=1))))

    assert (found.found, found.tried) == (None, [])
    assert set(labels) == {-1}


def test_without_shuffled_data_popular_pages_make_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: two views each, of three popular pages and seven rare ones, part alike from any sample."""
    rng = np.random.default_rng(0)
    pages, weights = [*"ABC", *"defghij"], [0.3] * 3 + [0.1 / 7] * 7
    paths = as_paths([list(map(str, rng.choice(pages, 2, p=weights))) for _ in range(4_000)])
    found, _ = clustered(paths)
    assert max(one.stability for one in found.tried) >= clusters.STABLE
    assert found.found is None

    monkeypatch.setattr(clusters, "BEYOND_CHANCE", -1.0)
    monkeypatch.setattr(clusters, "ALPHA", 1.0)

    assert clustered(paths)[0].found is not None


def test_a_session_without_a_usual_step_has_no_cluster() -> None:
    """Nothing is near it."""
    made = behave(Crowd(sessions=2_000))
    paths = as_paths([*made.sessions, ["page:/elsewhere"]])

    _, labels = clustered(paths)

    assert labels[-1] == -1
    assert -1 not in labels[:-1]


@given(st.lists(st.sets(st.integers(0, 8), max_size=6), min_size=1, max_size=12), st.integers(0, 9))
def test_steps_dealt_anew_keep_both_counts(given: list[set[int]], seed: int) -> None:
    """Each session holds as many different steps, each step is in as many sessions, as far as swaps can make it so."""
    paths = as_paths([[f"s{n}" for n in sorted(steps)] for steps in given])
    held = presence(paths, [f"s{n}" for n in range(9)])

    shuffled = clusters.dealt(held, np.random.default_rng(seed))

    assert shuffled.sum() <= held.sum()
    if shuffled.sum() == held.sum():
        assert np.array_equal(shuffled.sum(axis=1), held.sum(axis=1))
        assert np.array_equal(shuffled.sum(axis=0), held.sum(axis=0))


def test_no_step_is_lost_in_dealing() -> None:
    """Not even of two views among three popular pages."""
    rng = np.random.default_rng(1)
    held = presence(
        as_paths([list(map(str, rng.choice(list("ABCdefgh"), 2, replace=False))) for _ in range(2_000)]), [*"ABCdefgh"]
    )

    shuffled = clusters.dealt(held, rng)

    assert shuffled.sum() == held.sum()
    assert (shuffled != held).nnz > 1_000


def test_a_number_that_is_sure_stays_from_run_to_run() -> None:
    """Though another has become the most stable by a little; one that is not sure goes."""
    tried = [Stability(2, 0.80, 0.2, 0.001), Stability(3, 0.95, 0.2, 0.001), Stability(4, 0.6, None, 1.0)]

    assert [found and found.clusters for found in (clusters._best(tried, k) for k in (None, 2, 3, 4))] == [3, 2, 3, 3]
    assert clusters._best([Stability(2, 0.9, 0.8, 0.001), Stability(3, 0.9, 0.2, 0.02)], 3) is None


def test_the_same_seed_gives_the_same_clusters() -> None:
    """To the last digit."""
    paths = paths_of(behave(Crowd(sessions=1_500)))

    (one, _), (again, _) = clustered(paths, 3), clustered(paths, 3)

    assert one.tried == again.tried
    assert np.array_equal(one.centers, again.centers)
