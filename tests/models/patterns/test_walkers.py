"""Who walks which funnel, against a search that looks at one session at a time."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from models.patterns.walkers import walked_of
from tests.models.discovery.arrays import as_paths

steps = st.sampled_from("abcde")
sessions = st.lists(st.lists(steps, min_size=1, max_size=7), min_size=1, max_size=6)
funnels = st.lists(st.lists(st.sampled_from("abcdex"), min_size=3, max_size=5, unique=True), max_size=4)


def taken(session: Sequence[str], funnel: Sequence[str]) -> int:
    """First steps of the funnel that the session takes in order."""
    place = 0
    for step in session:
        place += place < len(funnel) and step == funnel[place]
    return place


@given(sessions, funnels)
def test_a_session_walks_the_funnel_it_takes_most_steps_of(given: list[list[str]], chains: list[list[str]]) -> None:
    """Two and more; of equals the first; steps that nobody takes end a walk."""
    walked = walked_of(as_paths(given), chains)

    for place, session in enumerate(given):
        counts = [taken(session, chain) for chain in chains]
        most = max(counts, default=0)
        expected = (counts.index(most), most) if most >= 2 else (-1, 0)
        assert (walked.funnel[place], walked.steps[place]) == expected


@given(sessions, st.integers(0, 5))
def test_two_steps_are_a_walk_within_reach(given: list[list[str]], reach: int) -> None:
    """Further apart they are none, unless a third follows; a repeat in a row is one slot."""
    walked = walked_of(as_paths(given), [["a", "b", "c"]], [reach])

    for place, session in enumerate(given):
        steps = [step for step, before in zip(session, ["", *session], strict=False) if step != before]
        most = taken(steps, "abc")
        second = steps.index("b", steps.index("a")) if most >= 2 else 0
        near = most > 2 or (most == 2 and "a" in steps[max(second - reach, 0) : second])
        assert (walked.funnel[place], walked.steps[place]) == ((0, most) if near else (-1, 0))


def test_the_longer_walk_wins_over_the_surer_funnel() -> None:
    """And of equal walks the surer funnel, which stands first."""
    chains = [["a", "b", "x"], ["c", "d", "e"]]
    walked = walked_of(as_paths([["a", "b", "c", "d", "e"], ["c", "d", "a", "b"], ["b", "a"]]), chains)

    assert walked.funnel.tolist() == [1, 0, -1]
    assert walked.steps.tolist() == [3, 2, 0]
