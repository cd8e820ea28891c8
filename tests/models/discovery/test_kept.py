"""Found funnels in the tables: counts as `thalweg funnel` gives them, ids that stay, no row that nobody stands for."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.discovery.discover import Discovery, discover
from models.discovery.kept import alike, keep, match_ids
from models.discovery.told import Told, tell
from models.funnels import read_funnel_data
from models.paths import make_paths
from models.selection import Selection
from tests.models.conftest import DAY, Place
from tests.models.discovery.planted import Site, plant

steps = st.lists(st.sampled_from("abcdef"), max_size=6, unique=True).map(tuple)
SHOP = Selection(app="shop")


def fill(place: Place, site: Site) -> list[tuple[str, ...]]:
    """The planted funnels of a store full of sessions."""
    made = plant(site)
    place.add(
        *(
            {"visitor": visitor + 1, "start": DAY + n, "steps": steps}
            for n, (steps, visitor) in enumerate(zip(made.sessions, made.visitors, strict=True))
        )
    )
    return made.funnels


def told_of(place: Place) -> list[Told]:
    """What is found there, counted."""
    data = read_funnel_data(place.client, place.name, SHOP)
    return tell(discover(make_paths(data.raw, data.steps)), data, SHOP)


def test_what_is_kept_is_what_was_found(place: Place) -> None:
    """Counts are the server's own; a second run keeps every id; what is found no more, whole or in part, goes."""
    planted = fill(place, Site(sessions=6_000, seed=5))
    told = told_of(place)
    assert sorted(one.finding.steps for one in told) == sorted(planted)

    first = keep(place.client, place.name, told, SHOP, "1-a", {"seed": 0})
    again = keep(place.client, place.name, told, SHOP, "1-a", {"seed": 0})
    assert (again.ids, again.stayed, again.gone) == (first.ids, len(planted), [])
    for one in told:
        (row,) = place.rows(
            "SELECT sessions, visitors, converted, lift, model_version, parameters FROM {database}.funnels_v"
            f" WHERE name = '{one.funnel.name}' AND source = 'discovered'"
        )
        counts = place.rows(one.sql.replace("sessions_v", "{database}.sessions_v"))[0]
        assert row == (counts[0], one.visitors, counts[-1], pytest.approx(one.finding.lift), "1-a", '{"seed":0}')
        assert 0 < one.visitors <= counts[0]

    shorter = [_shortened(one) for one in told[1:]]
    last = keep(place.client, place.name, shorter, SHOP, "1-a", {})
    assert (last.ids, last.gone) == (first.ids[1:], first.ids[:1])
    (left,) = place.rows("SELECT count(), uniqExact(funnel_id) FROM {database}.funnel_steps_v")
    assert left == (sum(len(one.finding.steps) for one in shorter), len(shorter))
    assert place.rows("SELECT count() FROM {database}.funnels_v") == [(len(shorter),)]


def _shortened(one: Told) -> Told:
    """Without its last step, where it stays alike without it."""
    import msgspec

    total = one.result.total
    if len(total.steps) < 5:
        return one
    steps = one.finding.steps[:-1]
    return msgspec.structs.replace(
        one,
        finding=msgspec.structs.replace(one.finding, steps=steps),
        result=msgspec.structs.replace(
            one.result,
            funnel=msgspec.structs.replace(one.funnel, steps=steps),
            total=msgspec.structs.replace(total, steps=total.steps[:-1]),
        ),
    )


@given(st.lists(steps, max_size=5, unique=True), st.lists(steps, max_size=5, unique=True))
def test_ids_are_given_once_and_equal_steps_keep_theirs(
    found: list[tuple[str, ...]], old: list[tuple[str, ...]]
) -> None:
    """Whatever was there before."""
    before = {UUID(int=n): steps for n, steps in enumerate(old) if steps}
    found = [steps for steps in found if steps]

    ids = match_ids("shop", found, before)

    assert len(set(ids)) == len(found)
    for id_, given_steps in zip(ids, found, strict=True):
        if given_steps in before.values():
            assert before[id_] == given_steps
    assert match_ids("shop", found, dict(zip(ids, found, strict=True))) == ids


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [("abc", "abc", 1), ("abcd", "abc", 0.75), ("abc", "cba", 0.2), ("ab", "cd", 0), ("", "", 0)],
)
def test_alike_counts_shared_steps_in_order(one: str, other: str, share: float) -> None:
    """Over those of both together, either way round."""
    assert alike(tuple(one), tuple(other)) == alike(tuple(other), tuple(one)) == share


def test_an_empty_discovery_tells_nothing(place: Place) -> None:
    """Of an empty store."""
    data = read_funnel_data(place.client, place.name, SHOP)
    found = discover(make_paths(data.raw, data.steps))

    assert isinstance(found, Discovery)
    assert tell(found, data, SHOP) == []
