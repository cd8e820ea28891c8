"""Ids of clusters: given once, the most alike first, and never to a stranger."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from models.patterns.identity import likeness, with_ids_of
from models.patterns.model import Cluster, PatternModel
from models.patterns.walking import Walking

profiles = st.dictionaries(st.sampled_from("abcd"), st.floats(0.1, 1), min_size=1)


def model_of(found: list[dict[str, float]], first_id: int) -> PatternModel:
    """With clusters of these profiles."""
    return PatternModel(
        funnels=[],
        walking=Walking(shares=[], others=1, chances=[], before=[], after=[], between=[], lengths=[]),
        clusters=[Cluster(id=UUID(int=first_id + n), center=[], profile=each) for n, each in enumerate(found)],
        other=UUID(int=0),
        steps=[],
        weights=[],
        axes=[],
        found=None,
        tried=[],
        templates={},
    )


@given(st.lists(profiles, max_size=4), st.lists(profiles, max_size=4))
def test_an_id_is_given_once_and_only_for_likeness(new: list[dict[str, float]], old: list[dict[str, float]]) -> None:
    """What is alike no cluster before has an id of its own; the same clusters in any order keep theirs."""
    before = model_of(old, 1_000)

    clusters = with_ids_of(model_of(new, 1), before).clusters

    assert len({cluster.id for cluster in clusters}) == len(new)
    profile_of = {cluster.id: cluster.profile for cluster in before.clusters}
    for place, cluster in enumerate(clusters):
        if cluster.id in profile_of:
            assert likeness(cluster.profile, profile_of[cluster.id]) >= 0.8
        else:
            assert cluster.id == UUID(int=1 + place)
    assert (
        len({tuple(sorted(each.items())) for each in old}) < len(old)
        or [cluster.profile for cluster in with_ids_of(model_of(old[::-1], 1), before).clusters] == old[::-1]
    )


def test_the_most_alike_goes_first() -> None:
    """Two that look like one before: the nearer gets its id, the other is new."""
    before = model_of([{"a": 1.0, "b": 0.5}], 1_000)

    near, far = with_ids_of(model_of([{"a": 1.0, "b": 0.5}, {"a": 1.0, "b": 0.3}], 1), before).clusters

    assert (near.id, far.id) == (UUID(int=1_000), UUID(int=2))


def test_without_a_model_before_all_are_new() -> None:
    """As on the first run."""
    model = model_of([{"a": 1.0}], 1)

    assert with_ids_of(model, None) == model
