"""What a trial counts and expects, against plain loops over every session and every way to put a step back."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.discovery.chance import learn_chance, log_p
from models.discovery.sample import Sample, make_sample
from models.discovery.trial import Chain, trials, walkers_of

SIZE = 5
sessions_of_steps = st.lists(st.lists(st.integers(1, SIZE - 1), min_size=1, max_size=6), min_size=1, max_size=6)
chains = st.lists(st.integers(1, SIZE - 1), min_size=1, max_size=3, unique=True).map(tuple)


def sample_of(sessions: list[list[int]]) -> Sample:
    """Each session of a visitor of its own."""
    codes = np.array([code for steps in sessions for code in steps], dtype=np.int64)
    starts = np.cumsum([0, *map(len, sessions)])
    return make_sample(codes, starts, np.arange(len(sessions)), SIZE)


def region(steps: list[int], chain: Chain, place: int) -> list[int] | None:
    """Places between the leftmost walk of the chain's beginning and the rightmost of its end; None: not walked."""
    low = -1
    for code in chain[:place]:
        low = next((k for k in range(low + 1, len(steps)) if steps[k] == code), len(steps))
    high = len(steps)
    for code in reversed(chain[place:]):
        high = next((k for k in range(high - 1, -1, -1) if steps[k] == code), -1)
    return list(range(low + 1, high)) if low < high else None


def walks(steps: list[int], chain: Chain) -> bool:
    """Whether the chain's steps stand there in order."""
    rest = iter(steps)
    return all(code in rest for code in chain)


def back_anywhere(steps: list[int], chain: Chain, place: int, code: int) -> float:
    """Share of the ways to put ``code`` back that bring it into the region."""
    n = steps.count(code)
    others = [step for step in steps if step != code]
    ways = set(permutations([True] * n + [False] * len(others)))
    hits = 0
    for way in ways:
        rest = iter(others)
        put = [code if is_code else next(rest) for is_code in way]
        inside = region(put, chain, place)
        assert inside is not None
        hits += any(put[k] == code for k in inside)
    return hits / len(ways)


@settings(max_examples=60, deadline=None)
@given(sessions_of_steps, chains)
def test_counts_and_expectations_of_order(sessions: list[list[int]], chain: Chain) -> None:
    """For every place of any chain and every step that is not in it."""
    sample = sample_of(sessions)
    walked = [steps for steps in sessions if walks(steps, chain)]

    for trial in trials(sample, learn_chance(sample), chain):
        assert trial.walkers == len(walked)
        for code in set(range(1, SIZE)) - set(chain):
            regions = [(steps, region(steps, chain, trial.place)) for steps in walked]
            assert trial.taken[code] == sum(any(steps[k] == code for k in inside or []) for steps, inside in regions)
            doers = [steps for steps in walked if code in steps]
            assert trial.doers[code] == len(doers)
            expected = sum(back_anywhere(steps, chain, trial.place, code) for steps in doers)
            assert trial.shuffled[code] == pytest.approx(expected)


@given(sessions_of_steps, chains)
def test_walkers_are_those_who_walk(sessions: list[list[int]], chain: Chain) -> None:
    """In any session, with anything between."""
    found = walkers_of(sample_of(sessions), chain).sessions

    assert found.tolist() == [n for n, steps in enumerate(sessions) if walks(steps, chain)]


@given(sessions_of_steps, st.integers(1, 5), st.integers(1, SIZE - 1))
def test_chance_at_the_ends_is_what_sessions_show(sessions: list[list[int]], slots: int, code: int) -> None:
    """Of the sessions longer than m, those with the step in their first (last) m slots, smoothed by 50 by frequency."""
    sample = sample_of(sessions)
    chance = learn_chance(sample)
    if slots >= len(chance.before):
        return
    longer = [steps for steps in sessions if len(steps) > slots]
    share = sample.codes.tolist().count(code) / len(sample.codes)
    prior = 50 * (1 - (1 - share) ** slots)

    for table, ends in (
        (chance.before, [s[:slots] for s in longer]),
        (chance.after, [s[len(s) - slots :] for s in longer]),
    ):
        held = sum(code in end for end in ends)
        assert table[slots, code] == pytest.approx((held + prior) / (len(longer) + 50))


@given(st.lists(st.floats(0.05, 0.95), min_size=1, max_size=9), st.integers(0, 9))
def test_the_bound_is_never_below_the_true_chance(odds: list[float], seen: int) -> None:
    """Of so many or more hits among tries of unequal chances, by adding up all ways."""
    exact = np.ones(1)
    for p in odds:
        exact = np.convolve(exact, [1 - p, p])
    tail = float(exact[min(seen, len(odds)) :].sum())

    bound = log_p(np.array([float(min(seen, len(odds)))]), np.array([sum(odds)]), np.array([float(len(odds))]))
    assert np.exp(bound[0]) >= tail - 1e-12
