"""What the first-order model of a site learns from, and what it says of a path."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.discovery.navigation import Navigation, surprises
from models.discovery.sample import Sample, make_sample
from models.discovery.trial import Chain

SIZE = 5
sessions_of_steps = st.lists(st.lists(st.integers(1, SIZE - 1), min_size=1, max_size=7), min_size=1, max_size=6)
chains = st.lists(st.integers(1, SIZE - 1), min_size=2, max_size=3, unique=True).map(tuple)


def sample_of(sessions: list[list[int]], size: int = SIZE) -> Sample:
    """Each session of a visitor of its own."""
    codes = np.array([code for steps in sessions for code in steps], dtype=np.int64)
    return make_sample(codes, np.cumsum([0, *map(len, sessions)]), np.arange(len(sessions)), size)


def walk(steps: list[int], chain: Chain) -> range | None:
    """From the first to the last slot of the walk of ``chain`` that begins last."""
    last = at = len(steps)
    for place, code in enumerate(reversed(chain)):
        at = next((k for k in range(at - 1, -1, -1) if steps[k] == code), -1)
        if at < 0:
            return None
        last = last if place else at
    return range(at, last)


@settings(max_examples=60, deadline=None)
@given(sessions_of_steps, st.lists(chains, max_size=2))
def test_moves_inside_told_walks_are_left_out(sessions: list[list[int]], told: list[Chain]) -> None:
    """The chance to be at a step after one move is its share of the moves that are left, by plain loops."""
    left = np.zeros((SIZE, SIZE))
    for steps in sessions:
        walks = [walk(steps, chain[:n]) for chain in told for n in range(2, len(chain) + 1)]
        for k in range(len(steps) - 1):
            if not any(inside and k in inside for inside in walks):
                left[steps[k], steps[k + 1]] += 1

    model = Navigation(sample_of(sessions), told)

    for start in range(1, SIZE):
        for code in range(1, SIZE):
            share = left[start, code] / max(left[start].sum(), 1)
            assert model.reaches(code, start, 1)[1] == pytest.approx(share)


LINKS = {1: (2, 5), 2: (5, 7), 3: (5, 6), 4: (6, 7), 5: (6, 7, 4, 1), 6: (2, 5, 3), 7: (6, 1, 3)}


@pytest.mark.parametrize("walkers", [400, 600])
def test_a_page_of_a_funnel_hides_no_link(walkers: int) -> None:
    """Who walks the funnel 1, 2, 3, 4 takes no link from 2 to 5; who browses from 6 to 2 does. By the mean of both
    6, 2, 5 is a surprise, of 600 walkers more so than the funnel; by the moves outside the funnel it is none. The
    funnel stays one, and alone each has what the site says of it."""
    rng = random.Random(1)
    sessions = [[1, 2, 3, 4]] * walkers
    for _ in range(1500):
        steps = [rng.randint(1, 7)]
        for _ in range(rng.randint(1, 4)):
            steps.append(rng.choice(LINKS[steps[-1]]))
        sessions.append(steps)
    sample = sample_of(sessions, 8)
    funnel, path = (1, 2, 3, 4), (6, 2, 5)

    alone = [Navigation(sample).surprise(chain) for chain in (funnel, path)]
    clear, judged = surprises(sample, [funnel, path], 1.3)

    assert min(alone) > 1.3 > judged
    assert (walkers == 600) == (alone[1] > alone[0])
    assert clear > 1.3
    assert surprises(sample, [path, funnel], 1.3) == [judged, clear]
    assert surprises(sample, [path], 1.3) == [alone[1]]
    shares = (7, 1, 2)  # a link to the funnel's first two steps: their moves are in its walks
    assert surprises(sample, [funnel, shares], 1.3)[1] == Navigation(sample).surprise(shares) < 1.3
