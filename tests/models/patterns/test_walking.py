"""What tells a walk from steps that meet by chance is learned from the sessions, and does not claim too much."""

import random

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from models.patterns import walking as learning
from models.patterns.walkers import walked_of
from models.patterns.walking import learn_walking
from models.patterns.walks import NONE, WIDTHS
from tests.models.discovery.arrays import as_paths, paths_of
from tests.models.discovery.planted import Planted, Site, plant
from tests.models.patterns import hard_sites
from tests.models.patterns.test_walkers import taken

FUNNEL = ("a", "b", "c")


def site(leavers: int, popular: int) -> list[list[str]]:
    """400 who walk the funnel, one page between the first two steps at most; ``leavers`` who stop after two; and 2,000
    who look at 30 of a hundred pages, a and b being ``popular`` of them."""
    rng = random.Random(1)
    pages = [f"page {n}" for n in range(100 - 2 * popular)] + ["a", "b"] * popular
    walks = [
        ["a", *rng.choices(pages, k=rng.randint(0, 1)), "b", "c"][: 4 if n < 400 else -1] for n in range(400 + leavers)
    ]
    return walks + [rng.choices(pages, k=30) for _ in range(2_000)]


def most_steps(made: Planted) -> list[int]:
    """The rule without likelihood: of which funnel a session takes most steps, two and more."""
    counts = [[taken(steps, funnel) for funnel in made.funnels] for steps in made.sessions]
    return [each.index(max(each)) if max(each) > 1 else -1 for each in counts]


def told(made: Planted) -> list[int]:
    """By likelihood."""
    paths = paths_of(made)
    groups: list[int] = walked_of(paths, made.funnels, learn_walking(paths, made.funnels)).funnel.tolist()
    return groups


def test_what_meets_by_chance_is_no_walk() -> None:
    """Leavers keep the funnel, of the others hardly any has it, though many take two of its steps or all three."""
    sessions = site(leavers=200, popular=2)
    paths = as_paths(sessions)
    walked = walked_of(paths, [FUNNEL], learn_walking(paths, [FUNNEL])).funnel == 0

    assert walked[:600].mean() >= 0.99
    assert walked[600:].mean() < 0.01
    assert np.mean([taken(steps, FUNNEL) > 1 for steps in sessions[600:]]) > 0.1


@pytest.mark.parametrize(("leavers", "popular", "expected"), [(300, 0, 1), (0, 20, 0)])
def test_two_steps_alone_go_with_what_chance_gives(leavers: int, popular: int, expected: int) -> None:
    """Nobody else takes the steps: a walk; nobody leaves after two, and they meet everywhere: none."""
    paths = as_paths([*site(leavers, popular), ["page 1", "page 2", "a", "page 3", "b", *["page 4", "page 5"] * 12]])
    walked = walked_of(paths, [FUNNEL], learn_walking(paths, [FUNNEL]))

    assert (walked.funnel[-1] == 0) == bool(expected)


def test_what_is_learned_is_what_was_planted() -> None:
    """How many walk how far, how often a step comes by chance, and densities that sum to one."""
    made = plant(Site(sessions=20_000, seed=3, leave=(0.3, 0.3), pages=300))
    found = learn_walking(paths_of(made), made.funnels)

    for group, funnel in enumerate(made.funnels):
        mine = [taken(steps, funnel) for steps, of in zip(made.sessions, made.groups, strict=True) if of == group]
        planted = [sum(each == n for each in mine) / len(made.sessions) for n in range(2, len(funnel) + 1)]
        assert found.shares[group] == pytest.approx(planted, abs=0.002)
    assert found.others == pytest.approx(1 - sum(map(sum, found.shares)), abs=0.001)
    noise = [step for steps, of in zip(made.sessions, made.groups, strict=True) if of < 0 for step in steps]
    rates = [[noise.count(step) / len(noise) for step in funnel] for funnel in made.funnels]
    first = [(one[0], other[0]) for one, other in zip(found.chances, rates, strict=True)]
    assert [one[1:] for one in found.chances] == [pytest.approx(other[1:], abs=0.002) for other in rates]
    assert all(one > other for one, other in first)
    for density in (found.before, found.after, found.between, found.lengths):
        assert np.dot(density, WIDTHS) == pytest.approx(1)
        assert len(density) == NONE


@pytest.mark.parametrize("hard", [None, *hard_sites.ALL])
@pytest.mark.parametrize("variant", [{}, {"noise": 0.5}, {"leave": (0.4, 0.4)}, {"markov": 0.5}])
def test_likelihood_beats_counting_steps_whatever_the_site_is_like(
    hard: str | None, variant: dict[str, object]
) -> None:
    """Also where walkers look around as much as others, land on the funnel's first page, or others go in circles."""
    made = plant(Site(sessions=8_000, seed=31, **variant))  # type: ignore[arg-type]  # any setting
    made = hard_sites.ALL[hard](made, 31) if hard else made

    within, without = (adjusted_rand_score(made.groups, each) for each in (told(made), most_steps(made)))

    assert within > without + 0.01


def test_learning_does_not_depend_on_the_rest_of_a_large_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at some, evenly; what it learns from them is much the same."""
    made = plant(Site(sessions=12_000, seed=8))
    whole = told(made)
    monkeypatch.setattr(learning, "LOOKED_AT", 6_000)

    assert adjusted_rand_score(whole, told(made)) >= 0.97


def test_without_sessions_or_funnels_there_is_nothing_to_learn() -> None:
    """And nothing is walked; nor is a funnel of which the steps are not there."""
    for sessions, funnels in (([], [FUNNEL]), ([["x", "a"]], [FUNNEL]), ([["x", "a"]], [])):
        paths = as_paths(sessions)
        walking = learn_walking(paths, funnels)
        assert walked_of(paths, funnels, walking).funnel.tolist() == [-1] * len(sessions)
        assert walked_of(as_paths([["a", "b"]]), funnels, walking).funnel.tolist() in ([0], [-1])
