"""Patterns in the tables: every session has one, the counts add up, and what is gone is gone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from models.paths import learn_templates, make_paths, steps_of
from models.patterns import clusters, saved
from models.patterns.assigning import assign_sessions
from models.patterns.discovering import Discovered, discover_patterns
from models.patterns.saved import load_model
from models.reading import read_steps
from models.selection import Selection
from streams.errors import StoreError
from streams.settings import ClickHouseSettings
from streams.warehouse.client import client_options
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.insert import InsertClient
from tests.models.conftest import DAY, Place
from tests.models.discovery.planted import Planted
from tests.models.patterns.test_model import funnels_of, mixed

SHOP = Selection(app="shop")
MADE = mixed(2_400, 2_400)
MINUTE = 60_000


@pytest.fixture(autouse=True)
def two_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more are tried: the numbers are for tests/models/patterns/test_clusters.py."""
    monkeypatch.setattr(clusters, "MOST_CLUSTERS", 2)


@pytest.fixture
def client(place: Place, address: StoreAddress) -> Iterator[InsertClient]:
    """Of the same store."""
    settings = ClickHouseSettings(host=address.host, port=address.port, user=address.user, database=place.name)
    opened = InsertClient(**client_options(settings, address.password))
    yield opened
    opened.disconnect()


def fill(place: Place, made: Planted, first: int = 0) -> None:
    """Sessions a minute apart; walkers of the second funnel come by phone and from an advertisement, and buy."""
    place.add(
        *(
            {
                "id": n + 1,
                "visitor": 1 + n // 2,
                "start": DAY + n * MINUTE,
                "steps": steps,
                "dvce_type": "Mobile" if group == 1 or n % 3 == 0 else "Desktop",
                "default_channel_group": "Paid Search" if group == 1 else "Direct",
                "goals": ["buy"] if group == 1 else [],
            }
            for n, (steps, group) in enumerate(zip(made.sessions, made.groups, strict=True), first)
        )
    )


def found(client: InsertClient, place: Place, selection: Selection = SHOP, *, funnels: int = 99) -> Discovered:
    """Learned and kept."""
    raw = read_steps(client, place.name, selection)
    templates = learn_templates(raw)
    paths = make_paths(raw, steps_of(raw, templates))
    return discover_patterns(client, place.name, raw, paths, funnels_of(paths)[:funnels], templates, selection, seed=0)


def table(place: Place, app: str = "shop") -> dict[int, UUID]:
    """Session → pattern."""
    rows = place.rows("SELECT session_id, model_app_id, pattern_id FROM {database}.session_patterns_v")
    return {session.int: pattern for session, of_app, pattern in rows if of_app == app}


def test_what_is_kept_adds_up(place: Place, client: InsertClient) -> None:
    """Every session has one pattern of the table; sizes, visitors, devices and goals are those of its sessions."""
    fill(place, MADE)

    told = found(client, place).kept

    counted = place.rows(
        "SELECT p.pattern_id, count(), uniqExact(s.visitor_id), countIf(s.dvce_type = 'Mobile'),"
        " avg(notEmpty(s.goals)), countIf(s.default_channel_group = 'Paid Search')"
        " FROM {database}.sessions_v AS s JOIN {database}.session_patterns_v AS p USING (app_id, session_id)"
        " GROUP BY 1 ORDER BY 1"
    )
    kept = place.rows(
        "SELECT pattern_id, sessions, visitors, devices['Mobile'], goal_share, channels['Paid Search']"
        " FROM {database}.patterns_v WHERE sessions > 0 ORDER BY 1"
    )
    assert [row[:4] for row in kept] == [row[:4] for row in counted]
    assert [row[4:] for row in kept] == [pytest.approx(row[4:]) for row in counted]
    assert sum(row[1] for row in kept) == len(MADE.sessions)
    assert sum(one.told.share for one in told.patterns) == pytest.approx(1)
    by_funnel = {tuple(step.step for step in one.told.steps): one for one in told.patterns if one.told.kind == "funnel"}
    second = by_funnel[MADE.funnels[1]]
    assert "Mobile: " in second.description
    assert "Paid Search: " in second.description
    assert "reach a goal" in second.description
    assert "Mobile" not in by_funnel[MADE.funnels[0]].description
    ((walked, complete),) = place.rows(
        f"SELECT avg(walked), avg(walked = {len(MADE.funnels[1])}) FROM {{database}}.session_patterns_v"
        f" WHERE pattern_id = '{second.told.id}'"
    )
    assert 2 <= walked <= len(MADE.funnels[1])
    assert second.told.conversion == pytest.approx(complete)


def test_a_second_run_keeps_ids_and_tells_what_moved(place: Place, client: InsertClient) -> None:
    """The same sessions: nothing moved, no row more; another model: what it has not is gone, sessions have one each."""
    fill(place, MADE)
    first, before = found(client, place).kept, table(place)
    again = found(client, place).kept

    assert first.drift is None
    assert again.drift is not None
    assert (again.drift.moved, again.drift.new, again.drift.gone) == (0, [], [])
    assert table(place) == before
    assert place.rows("SELECT countIf(share_before = share), count() FROM {database}.patterns_v") == [
        (len(first.patterns),) * 2
    ]

    less = found(client, place, funnels=4).kept

    assert less.drift is not None
    assert len(less.drift.gone) == 2
    assert 0 < less.drift.moved < 0.2
    assert len(table(place)) == len(MADE.sessions)
    assert set(table(place).values()) <= {one.told.id for one in less.patterns}
    assert place.rows("SELECT count() FROM {database}.patterns_v") == [(len(less.patterns),)]


def test_sessions_that_are_no_more_lose_their_pattern(place: Place, client: InsertClient) -> None:
    """A later run covers a shorter time; rows of the model over all apps are others and stay."""
    fill(place, MADE)
    found(client, place, Selection())
    found(client, place)

    half = DAY + len(MADE.sessions) // 2 * MINUTE
    found(client, place, Selection(app="shop", since=datetime.fromtimestamp(half / 1000, UTC)))

    assert len(table(place)) == len(MADE.sessions) - len(MADE.sessions) // 2
    assert len(table(place, "")) == len(MADE.sessions)


def test_new_sessions_are_assigned_by_the_saved_model(place: Place, client: InsertClient) -> None:
    """The old ones get what they had; new ones a pattern of the model; the patterns and the model stay."""
    fill(place, MADE)
    found(client, place)
    before, kept = table(place), place.rows("SELECT * FROM {database}.patterns_v ORDER BY pattern_id")
    new = mixed(2_700, 2_700)
    new.sessions, new.groups = new.sessions[2_400:2_700], new.groups[2_400:2_700]
    fill(place, new, first=len(MADE.sessions))
    model = load_model(client, place.name, "shop")
    assert model is not None

    assignment = assign_sessions(client, place.name, model, SHOP)

    after = table(place)
    assert {session: after[session] for session in before} == before
    assert len(after) == len(before) + 300
    assert assignment.sessions == len(after)
    assert sum(size.sessions for size in assignment.sizes) == len(after)
    assert 0 < assignment.drift.moved < 0.1
    assert place.rows("SELECT * FROM {database}.patterns_v ORDER BY pattern_id") == kept
    only = Selection(app="shop", since=datetime.fromtimestamp((DAY + len(MADE.sessions) * MINUTE) / 1000, UTC))
    assert assign_sessions(client, place.name, model, only).sessions == 300
    assert table(place) == after


def test_a_damaged_model_before_costs_ids_only(place: Place, client: InsertClient) -> None:
    """It is said; the new model takes its place."""
    fill(place, MADE)
    found(client, place)
    place.client.execute(
        f"INSERT INTO {place.name}.pattern_models (app_id, body, checksum, version) VALUES", [("shop", "{}", "0", 9)]
    )

    told = found(client, place)

    assert "damaged" in told.refused
    assert load_model(client, place.name, "shop") is not None


def test_a_model_of_another_method_costs_ids_only(
    place: Place, client: InsertClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not misread, which would keep ids of clusters that mean something else; a fit is made anew."""
    fill(place, MADE)
    monkeypatch.setattr(saved, "METHOD", 0)
    found(client, place)
    monkeypatch.undo()
    with pytest.raises(StoreError, match="of method 0"):
        load_model(client, place.name, "shop")

    told = found(client, place)

    assert "is of method 0, not of 2" in told.refused
    again = load_model(client, place.name, "shop")
    assert again is not None
    assert again.model == told.model
    assert found(client, place).refused == ""


def test_no_page_that_few_sessions_hold_is_named(place: Place, client: InsertClient) -> None:
    """Neither in the patterns nor in the saved model: ten sessions and more speak of a page."""
    fill(place, MADE)
    rare = [{"id": 10_000 + n, "start": DAY, "steps": ["page:/people/jane", "page:/people/john"]} for n in range(9)]
    place.add(*rare)
    found(client, place)

    assert place.rows("SELECT count() FROM {database}.pattern_models WHERE position(body, 'jane') > 0") == [(0,)]
    texts = "concat(name, description, arrayStringConcat(steps), drop_off_step)"
    assert place.rows(f"SELECT count() FROM {{database}}.patterns WHERE position({texts}, '/people/') > 0") == [(0,)]
    kept = {session.int for (session,) in place.rows("SELECT session_id FROM {database}.session_patterns_v")}
    assert kept >= {each["id"] for each in rare}


def test_sessions_without_a_step_have_no_pattern(place: Place, client: InsertClient) -> None:
    """They did nothing that could be told."""
    place.add(*({"id": n, "steps": []} for n in range(1, 4)), *({"id": n, "steps": ["page:/"]} for n in range(4, 14)))

    told = found(client, place).kept

    assert [(one.told.kind, one.told.sessions, one.told.drop_off_step) for one in told.patterns] == [
        ("other", 10, "page:/")
    ]
    assert sorted(table(place)) == list(range(4, 14))
