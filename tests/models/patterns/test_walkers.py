"""Who walks which funnel, against a count that looks at one session at a time."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf, prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.patterns.walkers import walked_of
from models.patterns.walking import Walking
from models.patterns.walks import EDGES, NONE
from tests.models.discovery.arrays import as_paths

steps = st.sampled_from("abcde")
sessions = st.lists(st.lists(steps, min_size=1, max_size=9), min_size=1, max_size=6)
funnels = st.lists(st.lists(st.sampled_from("abcdex"), min_size=3, max_size=5, unique=True), max_size=4)
shares = st.floats(1e-3, 1)


def taken(session: Sequence[str], funnel: Sequence[str]) -> int:
    """First steps of the funnel that the session takes in order."""
    place = 0
    for step in session:
        place += place < len(funnel) and step == funnel[place]
    return place


@st.composite
def walkings(draw: st.DrawFn, chains: list[list[str]]) -> Walking:
    """Any numbers."""
    density = st.lists(shares, min_size=NONE, max_size=NONE)
    return Walking(
        shares=[[draw(shares) for _ in chain[1:]] for chain in chains],
        others=draw(shares),
        chances=[[draw(shares) for _ in chain] for chain in chains],
        before=draw(density),
        after=draw(density),
        between=draw(density),
        lengths=draw(density),
    )


def bin_of(slots: int) -> int:
    """In which each number of slots lies."""
    return sum(slots >= edge for edge in EDGES)


def likely(session: list[str], chain: list[str], of: int, walking: Walking) -> float:
    """How much more, that it walks so far by any number of steps, than that it walks nothing."""
    told = 0.0
    for last in range(2, taken(session, chain) + 1):
        ends = [0]
        for step in chain[1:last]:
            ends.append(session.index(step, session.index(chain[0]) + 1 if len(ends) == 1 else ends[-1] + 1))
        ends[0] = max(place for place, step in enumerate(session[: ends[1]]) if step == chain[0])
        gaps = [after - before - 1 for before, after in pairwise(ends)]
        walks = [walking.before[bin_of(ends[0])], *(walking.between[bin_of(gap)] for gap in gaps)]
        walks += [walking.after[bin_of(len(session) - 1 - ends[-1])], walking.shares[of][last - 2]]
        chance = [walking.lengths[bin_of(len(session))], walking.others, *walking.chances[of][:last]]
        told += prod(walks) / prod(chance)
    return told


@given(sessions, funnels, st.data())
def test_a_session_walks_what_it_most_likely_does(
    given: list[list[str]], chains: list[list[str]], data: st.DataObject
) -> None:
    """A funnel where that is likelier than none; a repeat in a row is one slot; steps nobody takes end a walk."""
    walking = data.draw(walkings(chains))
    walked = walked_of(as_paths(given), chains, walking)

    for place, session in enumerate(given):
        slots = [step for step, before in zip(session, ["", *session], strict=False) if step != before]
        told = [likely(slots, chain, of, walking) for of, chain in enumerate(chains)]
        most = max(told, default=0.0)
        if any(abs(one / limit - 1) < 1e-9 for one in told for limit in (1, most or inf) if one != most or limit == 1):
            continue
        funnel = told.index(most) if most > 1 else -1
        assert walked.funnel[place] == funnel
        assert walked.steps[place] == (taken(slots, chains[funnel]) if funnel >= 0 else 0)


def test_of_funnels_as_likely_it_walks_the_first() -> None:
    """Which is the surer one."""
    chains = [["a", "b", "c"], ["a", "b", "d"]]
    flat = [1.0] * NONE
    walking = Walking(
        shares=[[0.5, 0.5]] * 2,
        others=0.1,
        chances=[[0.5] * 3] * 2,
        before=flat,
        after=flat,
        between=flat,
        lengths=flat,
    )
    walked = walked_of(as_paths([["a", "b"], ["b", "a"], ["a", "b", "d"]]), chains, walking)

    assert walked.funnel.tolist() == [0, -1, 1]
    assert walked.steps.tolist() == [2, 0, 3]
    assert walked_of(as_paths([["a", "b"]]), [], walking).funnel.tolist() == [-1]
    assert np.array_equal(walked_of(as_paths([]), chains, walking).funnel, [])
