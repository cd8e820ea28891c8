"""Sessions cut at midnight and at a campaign change, and goals, by literal cases."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streams.records import SessionRow
from streams.sessionize.goals import make_goals_of
from streams.sessionize.midnight import make_next_midnight
from streams.settings import GoalSettings

from .conftest import DISORDER, END, GAP, LATENESS, OPTIONS, Raw, Shop, final, marker

T = 1_700_000_000_000


def at(text: str) -> int:
    """Milliseconds of an instant in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


MIDNIGHTS = [
    ("Europe/Berlin", "2023-11-14T22:59:59", "2023-11-14T23:00:00"),
    ("Europe/Berlin", "2023-11-14T23:00:00", "2023-11-15T23:00:00"),
    ("Europe/Berlin", "2024-03-31T12:00:00", "2024-03-31T22:00:00"),  # the day summer time begins: 23 hours
    ("Europe/Berlin", "2024-03-30T23:00:00", "2024-03-31T22:00:00"),
    ("Asia/Kathmandu", "2023-11-14T18:14:59", "2023-11-14T18:15:00"),
    ("America/Sao_Paulo", "2018-11-03T12:00:00", "2018-11-04T03:00:00"),  # 00:00 is skipped: the skip is the change
    ("America/Havana", "2023-11-05T03:30:00", "2023-11-05T04:00:00"),  # 00:00 to 01:00 comes twice, within one date
    ("America/Havana", "2023-11-05T04:30:00", "2023-11-06T05:00:00"),
    ("America/St_Johns", "2010-11-07T02:29:00", "2010-11-07T02:30:00"),  # the date comes twice: one minute of the next
    ("America/St_Johns", "2010-11-07T02:45:00", "2010-11-08T03:30:00"),
]


@pytest.mark.parametrize(("zone", "time", "midnight"), MIDNIGHTS)
def test_next_midnight(zone: str, time: str, midnight: str) -> None:
    """Instants by hand, also with the clock set forward or back at midnight; a fresh look-up and one asked before."""
    fresh, used = make_next_midnight(zone), make_next_midnight(zone)
    used(at(time) - 40 * 86_400_000)
    used(at(time) - 1)
    assert fresh(at(time)) == used(at(time)) == at(midnight)


def test_next_midnight_lies_ahead_whatever_was_asked_before() -> None:
    """Each answer depends on the time alone, every quarter hour around a date that comes twice."""
    used = make_next_midnight("America/St_Johns")
    times = [at("2010-11-06T00:00:00") + 900_000 * k for k in range(300)]
    for time in [*times, *reversed(times)]:
        assert time < used(time) == make_next_midnight("America/St_Johns")(time) <= time + 90_000_000


def test_a_session_ends_with_the_local_date(raw: Raw) -> None:
    """The last millisecond before midnight in Berlin stays, midnight itself begins a session."""
    shop = Shop(replace(OPTIONS, next_midnight=make_next_midnight("Europe/Berlin")))
    midnight = at("2023-11-14T23:00:00")
    shop.send(raw.event(midnight - 5), raw.event(midnight - 1), raw.event(midnight), END)
    assert shop.sessions() == [(midnight - 5, midnight - 1, 2), (midnight, midnight, 1)]


def test_midnight_makes_final_early(raw: Raw) -> None:
    """No event of the date can come any more: the session is final without waiting for the gap."""
    shop = Shop(replace(OPTIONS, next_midnight=make_next_midnight("Europe/Berlin")))
    midnight = at("2023-11-14T23:00:00")
    shop.send(raw.event(midnight - 5))
    assert final(shop.send(marker({0: midnight - 1 + LATENESS + DISORDER}))) == []
    assert len(final(shop.send(marker({0: midnight + LATENESS + DISORDER})))) == 1


def _sessions(raw: Raw, *views: dict[str, object]) -> list[SessionRow]:
    shop = Shop(replace(OPTIONS, cut_at_campaign=True))
    return final(shop.send(*[raw.event(T + 1000 * k, **columns) for k, columns in enumerate(views)], END))  # type: ignore[arg-type]


CAMPAIGNS: list[tuple[list[dict[str, object]], list[int]]] = [
    ([{"mkt_campaign": "a"}, {}, {"mkt_campaign": "a"}], [3]),  # the same, or none, changes nothing
    ([{"mkt_campaign": "a"}, {}, {"mkt_campaign": "b"}], [2, 1]),
    ([{}, {"mkt_campaign": "a"}], [1, 1]),  # the landing page had none
    ([{"event": "struct"}, {"mkt_campaign": "a"}, {}], [3]),  # the landing page itself
    ([{"mkt_campaign": "a"}, {"event": "struct", "mkt_campaign": "b"}], [2]),  # no view
    ([{"mkt_campaign": "a"}, {"event": "screen_view", "mkt_campaign": "b"}], [1, 1]),
    ([{"mkt_source": "s"}, {"mkt_source": "t"}, {"mkt_medium": "s"}], [1, 1, 1]),
    ([{"mkt_term": "s"}, {"mkt_term": "t", "mkt_content": "x"}], [2]),
]


@pytest.mark.parametrize(("views", "totals"), CAMPAIGNS)
def test_another_campaign_begins_a_session(raw: Raw, views: list[dict[str, object]], totals: list[int]) -> None:
    """A view that names a source, medium or campaign unlike the landing page's."""
    assert [row.total_events for row in _sessions(raw, *views)] == totals


def test_one_millisecond_is_never_parted_by_a_campaign(raw: Raw) -> None:
    """Two views of one time stay together whatever they name."""
    shop = Shop(replace(OPTIONS, cut_at_campaign=True))
    shop.send(raw.event(T, mkt_campaign="a"), raw.event(T, mkt_campaign="b"), END)
    assert shop.sessions() == [(T, T, 2)]


def test_a_session_is_final_when_its_successor_is_sealed(raw: Raw) -> None:
    """A campaign cut closes the session before as soon as nothing can come between; H at the cut is not enough."""
    shop = Shop(replace(OPTIONS, cut_at_campaign=True))
    shop.send(raw.event(T, mkt_campaign="a"), raw.event(T + 9, mkt_campaign="b"))
    assert final(shop.send(marker({0: T + 9 + LATENESS + DISORDER}))) == []
    (row,) = final(shop.send(marker({0: T + 10 + LATENESS + DISORDER})))
    assert (row.start_tstamp, row.end_tstamp) == (T, T)
    assert GAP > 10


def test_goals(raw: Raw) -> None:
    """By event name or kind and by page path, each once in order; values add up; a goal is no bounce."""
    goals = [
        GoalSettings(name="buy", event="purchase", value="revenue"),
        GoalSettings(name="thanks", page="/thank*"),
        GoalSettings(name="any struct", event="str?ct", value="se_value"),
    ]
    shop = Shop(replace(OPTIONS, goals_of=make_goals_of(goals)))
    events = [
        raw.event(T, page_urlpath="/thanks/you"),
        raw.event(T + 1, event="track", event_name="purchase", properties={"revenue": "12.5"}),
        raw.event(T + 2, event="track", event_name="purchase", properties={"revenue": "2"}),
        raw.event(T + 3, event="track", event_name="purchase", properties={"revenue": "nan"}),
        raw.event(T + 4, event="track", event_name="purchase", properties={"revenue": "much"}),
        raw.event(T + 5, event="track", event_name="purchases"),
        raw.event(T + 6, event="struct", se_value=0.5),
        raw.event(T + 7, event="request", page_urlpath="/thanks"),
    ]
    (row,) = final(shop.send(*events, END))
    assert (row.goals, row.goal_value, row.is_bounce) == (["thanks", "buy", "any struct"], 15.0, 0)


def test_without_goals_there_is_no_look_up() -> None:
    """An app without goals pays nothing for them."""
    assert make_goals_of([]) is None


@pytest.mark.parametrize(
    ("page", "path", "fits"),
    [
        ("/a[1]", "/a[1]", True),
        ("/a[1]", "/a1", False),
        ("/a*", "/a/b", True),
        ("/a?", "/ab", True),
        ("/a", "/ab", False),
    ],
)
def test_only_star_and_question_mark_are_special_in_a_goal(raw: Raw, page: str, path: str, fits: bool) -> None:
    """A bracket is a bracket."""
    goals_of = make_goals_of([GoalSettings(name="g", page=page)])

    assert goals_of is not None
    assert bool(goals_of(raw.event(T, page_urlpath=path))) is fits
