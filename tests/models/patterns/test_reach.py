"""Two steps that stand near each other as in a walk count as one; those that meet by chance do not."""

import random

import pytest

from models.patterns.reach import learn_reaches
from models.patterns.walkers import FARTHEST, walked_of
from tests.models.discovery.arrays import as_paths

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


def test_what_meets_by_chance_far_apart_is_no_walk() -> None:
    """The reach is that of the walks; leavers keep the funnel, of the others hardly any has it."""
    sessions = site(leavers=200, popular=2)
    paths = as_paths(sessions)
    (reach,) = learn_reaches(paths, [FUNNEL])

    assert reach == 2
    near, any_ = walked_of(paths, [FUNNEL], [reach]).funnel == 0, walked_of(paths, [FUNNEL]).funnel == 0
    assert near[:600].mean() == 1
    assert any_[600:].mean() > 0.1
    assert near[600:].mean() < 0.025


@pytest.mark.parametrize(("leavers", "popular", "expected"), [(300, 0, FARTHEST), (0, 20, 0)])
def test_the_reach_goes_with_what_chance_gives(leavers: int, popular: int, expected: int) -> None:
    """Nobody else takes the steps: however far they are; nobody leaves after two, and many meet by chance: none is."""
    (reach,) = learn_reaches(as_paths(site(leavers, popular)), [FUNNEL])

    assert reach == expected


def test_without_sessions_nothing_is_too_far() -> None:
    """Nor for a funnel of which the steps are not there, or without funnels."""
    assert learn_reaches(as_paths([]), [FUNNEL]) == [FARTHEST]
    assert learn_reaches(as_paths([["x", "a"]]), [FUNNEL]) == [FARTHEST]
    assert learn_reaches(as_paths([["x", "a"]]), []) == []
