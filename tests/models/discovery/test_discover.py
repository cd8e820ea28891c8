"""Planted funnels are found exactly; where none is planted none is found; each part of the method is needed."""

import os
from collections import Counter
from dataclasses import replace
from math import log
from typing import Any

import msgspec
import pytest

from models.discovery import verdict
from models.discovery.discover import Discovery, confirm, discover, find_chains
from models.discovery.growth import make_ground
from models.discovery.limits import Limits
from models.discovery.sample import split
from tests.models.discovery.arrays import as_paths, paths_of
from tests.models.discovery.controls import without_association, without_order, without_positions
from tests.models.discovery.planted import Planted, Site, plant, shuffled_over, shuffled_within

SESSIONS = int(os.environ.get("THALWEG_TEST_DISCOVERY_SESSIONS", "15000"))
SEEDS = int(os.environ.get("THALWEG_TEST_DISCOVERY_SEEDS", "2"))
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "shares of 3 %": {"shares": (0.03, 0.03)},
    "40 % leave at each step": {"leave": (0.4, 0.4), "funnels": (3, 4, 4, 5, 5)},
    "noise 0.5": {"noise": 0.5},
    "300 pages": {"pages": 300},
    "entry and exit pages": {"ends": True},
    "two funnels in a session": {"twice": 0.3},
    "visitors of several sessions": {"sessions_a_visitor": 3},
}


def found(told: Discovery) -> set[tuple[str, ...]]:
    """Steps of what was found."""
    return {finding.steps for finding in told.findings}


def misses(told: Discovery, made: Planted) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """What was not planted, and what was not found."""
    return sorted(found(told) - set(made.funnels)), sorted(set(made.funnels) - found(told))


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("variant", VARIANTS)
def test_planted_funnels_are_found_exactly(variant: str, seed: int) -> None:
    """Precision and recall are 1: the same steps in the same order, none more, none less."""
    made = plant(Site(sessions=SESSIONS, seed=100 + seed, **VARIANTS[variant]))

    told = discover(paths_of(made))

    assert misses(told, made) == ([], [])
    assert all(finding.lift >= 1.5 and finding.q_value <= 0.01 for finding in told.findings)
    assert not any(finding.by_navigation for finding in told.findings)


@pytest.mark.parametrize("seed", range(10 * SEEDS // 2))
@pytest.mark.parametrize("shuffle", [shuffled_over, shuffled_within])
def test_nothing_is_found_where_nothing_is_planted(shuffle: Any, seed: int) -> None:
    """The same steps over all sessions, and each session's own in any order."""
    made = plant(Site(sessions=SESSIONS // 3, seed=seed, ends=seed % 2 == 1))

    told = discover(as_paths(shuffle(made, seed), made.visitors))

    assert told.too_few == ""
    assert told.findings == []


@pytest.mark.parametrize("seed", range(SEEDS))
def test_paths_of_a_markov_site_are_labelled(seed: int) -> None:
    """Where people only follow links, what is found is explained by navigation."""
    made = plant(Site(sessions=SESSIONS, seed=seed, markov=0.9, links=3, funnels=()))

    told = discover(paths_of(made))

    assert len(told.findings) >= 1
    assert [finding.steps for finding in told.findings if not finding.by_navigation] == []


@pytest.mark.parametrize("seed", range(SEEDS))
def test_planted_funnels_are_told_from_paths_of_a_markov_site(seed: int) -> None:
    """They are found, not labelled, and stand above all the others, which are."""
    made = plant(Site(sessions=SESSIONS, seed=seed, markov=0.8, links=3))

    told = discover(paths_of(made))

    extra, missed = misses(told, made)
    assert missed == []
    assert len(extra) >= 1
    assert {finding.steps for finding in told.findings if not finding.by_navigation} == set(made.funnels)
    assert set(made.funnels) == {finding.steps for finding in told.findings[: len(made.funnels)]}


def test_the_same_data_and_seed_give_the_same_answer() -> None:
    """And the order in which visitors come in does not matter."""
    made = plant(Site(sessions=6_000))

    assert discover(paths_of(made), seed=3) == discover(paths_of(made), seed=3)
    backwards = as_paths(made.sessions[::-1], made.visitors[::-1])
    assert discover(backwards, seed=3) == discover(paths_of(made), seed=3)
    assert discover(paths_of(made), seed=4) != discover(paths_of(made), seed=3)


@pytest.mark.parametrize("sessions", [0, 1, 300])
def test_too_little_data_is_said(sessions: int) -> None:
    """No finding, and why."""
    made = plant(Site(sessions=sessions))

    told = discover(paths_of(made))

    assert told.findings == []
    assert "400 in each are needed" in told.too_few


@pytest.mark.parametrize("ends", [False, True])
def test_a_goal_finds_what_leads_to_it(ends: bool) -> None:
    """Asked for the end of a funnel, or for a step inside it: the steps before it and nothing else, with or without
    a page where most sessions begin."""
    made = plant(Site(sessions=SESSIONS, seed=7, ends=ends))
    funnel, paths = made.funnels[3], paths_of(made)

    assert found(discover(paths, goal=funnel[-1])) == {funnel}
    assert found(discover(paths, goal=funnel[2])) == {funnel[:3]}


def test_a_goal_that_nothing_leads_to_has_no_finding() -> None:
    """Popular pages of noise; and the end of a funnel once each session is shuffled."""
    made = plant(Site(sessions=SESSIONS, seed=7))
    planted = {step for funnel in made.funnels for step in funnel}
    noise = Counter(step for steps in made.sessions for step in steps if step not in planted)
    paths = paths_of(made)

    assert all(discover(paths, goal=page).findings == [] for page, _ in noise.most_common(3))
    assert discover(as_paths(shuffled_within(made, 7)), goal=made.funnels[3][-1]).findings == []


def test_a_goal_of_too_few_sessions_is_said() -> None:
    """Nobody reaches one, few reach the other: both are named, with how many must."""
    made = plant(Site(sessions=SESSIONS, seed=7))
    rare = as_paths(made.sessions + [["page:/rare", "page:/goal"]] * 20)

    for goal in ("page:/nowhere", "page:/goal"):
        told = discover(rare, goal=goal)
        assert told.findings == []
        assert f"25 sessions of a half must reach {goal}" in told.too_few


def test_of_nested_funnels_the_longer_is_found() -> None:
    """What the method cannot see: that some set out for the shorter one only."""
    made = plant(Site(sessions=SESSIONS, seed=8, funnels=(6,)))
    long = made.funnels[0]
    site = Site(sessions=SESSIONS // 20, seed=9, funnels=(3,), shares=(1, 1), leave=(0, 0))
    short = plant(site)
    names = dict(zip(short.funnels[0], long[:3], strict=True))
    others = [[names.get(step, step) for step in steps] for steps in short.sessions]

    assert found(discover(as_paths(made.sessions + others))) == {long}


def test_opposite_directions_hide_each_other() -> None:
    """As many walk it backwards: the order says nothing, and nothing is found."""
    made = plant(Site(sessions=SESSIONS, seed=8, funnels=(4,), noise=0.0, leave=(0.0, 0.0)))
    sessions = [steps[::-1] if n % 2 else steps for n, steps in enumerate(made.sessions)]

    assert found(discover(as_paths(sessions))) == set()


# --- controls: each part of the method is needed ---


def test_without_the_order_test_shuffled_sessions_hold_funnels() -> None:
    """Steps of one kind of session stand together in any order."""
    made = plant(Site(sessions=SESSIONS, seed=1))
    paths = as_paths(shuffled_within(made, 1))
    assert discover(paths).findings == []

    with without_order():
        assert len(discover(paths).findings) >= 3


def test_without_the_association_test_common_ends_make_funnels() -> None:
    """A landing page comes first and a logout last, whatever lies between."""
    made = plant(Site(sessions=SESSIONS, seed=1, ends=True))
    assert misses(discover(paths_of(made)), made) == ([], [])

    with without_association():
        extra, missed = misses(discover(paths_of(made)), made)
    assert len(extra) >= 1
    assert len(missed) >= 3


def test_without_matched_positions_common_ends_hide_funnels() -> None:
    """Frequency alone takes the logout at the end for a finding."""
    made = plant(Site(sessions=SESSIONS, seed=1, ends=True))

    with without_positions():
        assert misses(discover(paths_of(made)), made) != ([], [])


def test_the_other_half_and_the_correction_refuse_what_chance_made_up() -> None:
    """With an open bar and no other threshold one half of pure noise gives chains. The other half confirms none at a
    corrected bar, and some at an open one."""
    made = plant(Site(sessions=6_000, seed=2))
    halves = split(as_paths(shuffled_over(made, 2)), 0, 5, 25)
    open_ = Limits(
        alpha=0.9, continuation=-1, order=-1, forward=-1, tail=0, lift=1, support=5, support_share=0, visitors=0
    )
    ground = replace(make_ground(halves.found_on, open_), log_alpha=log(0.5))

    _, chains = find_chains(ground, lambda *_: None)

    assert len(chains) >= 5
    tests = sum(map(len, chains))
    for alpha, least, most in ((0.01, 0, 0), (tests, 1, len(chains) // 2)):
        closed = replace(ground, limits=msgspec.structs.replace(open_, alpha=alpha))
        assert least <= len(confirm(closed, halves.confirmed_on, chains, lambda *_: None)) <= most


def test_a_visitor_who_comes_all_day_makes_no_funnel() -> None:
    """Twenty who walk the same path a hundred times each are twenty, not two thousand."""
    made = plant(Site(sessions=6_000, seed=3, funnels=()))
    path = ["page:/a", "page:/b", "page:/c", "page:/d"]
    sessions = made.sessions + [path] * 2_000
    visitors = made.visitors + [10_000 + n % 20 for n in range(2_000)]

    paths = as_paths(sessions, visitors)
    assert found(discover(paths)) == set()
    assert found(discover(paths, Limits(visitors=0))) == {tuple(path)}


def test_q_counts_the_tests_of_refused_candidates_too() -> None:
    """Two candidates of four steps go to the other half, and one is refused for its few visitors: eight tests."""
    made = plant(Site(sessions=6_000, seed=3, funnels=(4,)))
    sessions = made.sessions + [["page:/a", "page:/b", "page:/c", "page:/d"]] * 2_000
    visitors = made.visitors + [10_000 + n % 20 for n in range(2_000)]

    told = discover(as_paths(sessions, visitors))

    assert (told.candidates, found(told)) == (2, set(made.funnels))
    assert told.findings[0].q_value == pytest.approx(8 * told.findings[0].p_value)


def test_a_rare_funnel_is_not_glued_to_the_common_one_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four in ten who walk the rare one walked the common one first, but hardly anyone goes on from there."""
    made = plant(Site(sessions=15_000, seed=12, funnels=(4, 4), shares=(0.15, 0.15)))
    common = list(made.funnels[0])
    sessions = [
        common + steps if group == 1 and n % 20 < 8 else steps
        for n, (steps, group) in enumerate(zip(made.sessions, made.groups, strict=True))
        if group != 1 or n % 4 == 0
    ]
    assert found(discover(as_paths(sessions))) == set(made.funnels)

    monkeypatch.setattr(verdict, "find_seam", lambda ground, chain: None)
    assert found(discover(as_paths(sessions))) != set(made.funnels)


def test_a_funnel_that_begins_with_the_most_popular_pages_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few of all who pass from one to the other go on, but nearly all who walk the rest passed there."""
    made = plant(Site(sessions=15_000, seed=13, funnels=(5,), shares=(0.02, 0.02)))
    popular = Counter(step for steps in made.sessions for step in steps).most_common()
    pages = [page for page, _ in popular if page not in made.funnels[0]]
    names = dict(zip(made.funnels[0], pages[:2], strict=False))
    paths = as_paths([[names.get(step, step) for step in steps] for steps in made.sessions])
    whole = tuple(names.get(step, step) for step in made.funnels[0])
    assert found(discover(paths)) == {whole}

    monkeypatch.setattr(verdict, "stands_alone", lambda ground, chain, place: True)
    assert found(discover(paths)) == {whole[2:]}
