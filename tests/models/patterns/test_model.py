"""Sessions get the pattern of what was planted; a saved model gives the same as the one that was learned."""

import os
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from models.discovery.discover import discover
from models.discovery.kept import match_ids
from models.paths import Paths
from models.patterns.features import presence
from models.patterns.identity import with_ids_of
from models.patterns.model import Funnel, PatternModel, assign, learn_model
from models.patterns.saved import from_body, to_body
from tests.models.discovery.arrays import as_paths, paths_of
from tests.models.discovery.planted import Planted, Site, plant, shuffled_over
from tests.models.patterns.behaving import Crowd, behave
from tests.models.patterns.test_walkers import taken
from tests.models.patterns.test_walking import most_steps, told

SESSIONS = int(os.environ.get("THALWEG_TEST_PATTERNS_SESSIONS", "12000"))
SEEDS = int(os.environ.get("THALWEG_TEST_PATTERNS_SEEDS", "1"))


def funnels_of(paths: Paths, before: dict[UUID, tuple[str, ...]] | None = None) -> list[Funnel]:
    """Found ones with their ids."""
    steps = [finding.steps for finding in discover(paths).findings]
    return list(zip(match_ids("shop", steps, before or {}), steps, strict=True))


def learned(paths: Paths, before: PatternModel | None = None) -> PatternModel:
    """All of it, as a run after ``before`` does."""
    old = dict(before.funnels) if before else {}
    return with_ids_of(learn_model("shop", paths, funnels_of(paths, old), {}, 0, before), before)


def mixed(sessions: int, of: int, seed: int = 4) -> Planted:
    """Funnels and three kinds beside them; the first so many of a larger log."""
    site, crowd = plant(Site(sessions=of, seed=seed)), behave(Crowd(sessions=of // 2, seed=seed))
    made = Planted(funnels=site.funnels)
    made.sessions = site.sessions[:sessions] + crowd.sessions[: sessions // 2]
    made.groups = site.groups[:sessions] + [10 + group for group in crowd.groups[: sessions // 2]]
    made.visitors = list(range(len(made.sessions)))
    return made


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("variant", [{}, {"shares": (0.03, 0.03)}, {"noise": 0.5}, {"pages": 300}, {"markov": 0.5}])
def test_sessions_get_the_pattern_of_what_was_planted(variant: dict[str, Any], seed: int) -> None:
    """Noise is one pattern; who left after one step cannot be told from it, which costs most of what lacks to 1."""
    made = plant(Site(sessions=SESSIONS, seed=20 + seed, **variant))
    paths = paths_of(made)

    model = learned(paths)
    patterns = assign(paths, model).patterns

    assert model.clusters == []
    assert adjusted_rand_score(made.groups, patterns) >= 0.78
    seen = [
        group if group >= 0 and taken(steps, made.funnels[group]) > 1 else -1
        for steps, group in zip(made.sessions, made.groups, strict=True)
    ]
    assert adjusted_rand_score(seen, patterns) >= 0.92


@pytest.mark.parametrize(("variant", "asked"), [({}, 0.82), ({"noise": 0.5}, 0.8), ({"markov": 0.5}, 0.82)])
def test_over_five_sites_the_index_is_what_is_asked_for(variant: dict[str, Any], asked: float) -> None:
    """In the mean, better at each than by counting steps; funnels are the planted ones, as is shown elsewhere."""
    within, without = [], []
    for seed in range(20, 25):
        made = plant(Site(sessions=12_000, seed=seed, **variant))
        within.append(adjusted_rand_score(made.groups, told(made)))
        without.append(adjusted_rand_score(made.groups, most_steps(made)))

    assert np.mean(within) >= asked
    assert all(one > other for one, other in zip(within, without, strict=True))


def test_shuffled_data_is_one_pattern() -> None:
    """No funnel, no cluster: all sessions are the rest."""
    paths = as_paths(shuffled_over(mixed(4_000, 4_000), 1))
    model = learned(paths)

    assert model.patterns == [model.other]
    assert set(assign(paths, model).patterns) == {0}


@pytest.fixture(scope="module")
def model() -> PatternModel:
    """Of the mixed sessions."""
    return learned(paths_of(mixed(5_000, 5_250)))


def test_funnels_and_kinds_are_told_apart(model: PatternModel) -> None:
    """Funnels by their steps, the rest by what they do; the model assigns what it learned."""
    made = mixed(5_000, 5_250)

    assigned = assign(paths_of(made), model)

    assert {steps for _, steps in model.funnels} == set(made.funnels)
    assert model.found is not None
    assert len(model.clusters) == model.found.clusters >= 2
    worlds = [min(group, 10) if group < 0 or group >= 10 else group for group in made.groups]
    assert adjusted_rand_score(worlds, assigned.patterns) >= 0.75
    for number, cluster in enumerate(model.clusters):
        members = np.flatnonzero(assigned.patterns == len(model.funnels) + number)
        held = presence(paths_of(made), model.steps)[members]
        shares = np.asarray(held.mean(axis=0)) * np.array(model.weights)
        assert np.allclose(shares, [cluster.profile.get(step, 0.0) for step in model.steps])


def test_a_saved_model_gives_the_same_patterns_in_any_portion(model: PatternModel) -> None:
    """Nothing is learned: a session's pattern does not depend on who comes with it."""
    made = mixed(5_000, 5_250)
    whole = assign(paths_of(made), model)
    body = to_body(model)

    again = from_body(body.text, body.checksum)
    assert again == model
    parts = [assign(as_paths(made.sessions[start : start + 700]), again) for start in range(0, len(made.sessions), 700)]

    assert np.array_equal(np.concatenate([part.patterns for part in parts]), whole.patterns)
    assert np.array_equal(np.concatenate([part.walked for part in parts]), whole.walked)


def test_the_same_data_gives_the_same_model_and_ids(model: PatternModel) -> None:
    """To the byte, with the ids of the model before."""
    assert to_body(learned(paths_of(mixed(5_000, 5_250)), model)) == to_body(model)


def test_ids_stay_with_a_twentieth_of_new_data(model: PatternModel) -> None:
    """Of funnels, of clusters and of the rest; the model itself is another."""
    after = learned(paths_of(mixed(5_250, 5_250)), model)

    assert set(after.patterns) == set(model.patterns)
    assert to_body(after) != to_body(model)


def test_steps_the_model_does_not_know_go_to_the_rest(model: PatternModel) -> None:
    """So do funnels of which no step is there."""
    assigned = assign(as_paths([["page:/new/a", "page:/new/b"], ["event:New"]]), model)

    assert [model.patterns[place] for place in assigned.patterns] == [model.other] * 2
    assert assigned.walked.tolist() == [0, 0]


def test_an_empty_store_has_one_pattern() -> None:
    """Without a session."""
    model = learned(as_paths([]))

    assert model.patterns == [model.other]
    assert assign(as_paths([]), model).patterns.tolist() == []
