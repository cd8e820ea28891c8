import numpy as np
import pytest
from scipy.stats import binomtest

from models.funnel import Funnel, Order, Scope
from models.funnel_sql import sql_of
from models.funnel_table import record_funnel, recorded_funnels
from models.funnels import FunnelResult, count_funnel, read_funnel_data, wilson
from models.selection import Selection
from streams.errors import ConfigError
from tests.models.conftest import DAY, Place

HOUR = 3_600_000


def counted(place: Place, funnel: Funnel, by: str | None = None, selection: Selection = Selection()) -> FunnelResult:  # noqa: B008
    """Over the whole database."""
    return count_funnel(read_funnel_data(place.client, place.name, selection, by), funnel)


def by_sql(place: Place, funnel: Funnel, selection: Selection = Selection()) -> list[int]:  # noqa: B008
    """What the statement of ``--sql`` gives."""
    data = read_funnel_data(place.client, place.name, selection)
    statement = sql_of(funnel, data, selection).replace("sessions_v", f"{place.name}.sessions_v")
    return list(place.rows(statement)[0])


def some_shop(place: Place, n: int = 300) -> None:
    """Sessions of few steps over 60 products, with ties in time, several sessions a visitor, bots and capped ones."""
    random = np.random.default_rng(5)
    steps = [
        "page:/",
        "page:/cart",
        "event:Buy",
        *(f"page:/product/{1000 + k}" for k in range(60)),
        "page:/product/top",
    ]
    lengths = random.integers(0, 9, n)
    chosen = [np.minimum(random.geometric(0.2, length), len(steps)) - 1 for length in lengths]
    place.add(
        *(
            {
                "visitor": int(random.integers(1, 90)),
                "start": DAY + k * HOUR,
                "steps": [steps[code] for code in codes],
                "offsets": np.cumsum(random.integers(0, 3, len(codes)) * 500).tolist(),
                "dvce_type": ("Mobile", "Desktop", "")[int(random.integers(0, 3))],
                "is_bot": int(random.random() < 0.1),
                "is_capped": int(random.random() < 0.1),
            }
            for k, codes in enumerate(chosen)
        )
    )


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize(
    "steps",
    [
        ("page:/product/:id", "page:/cart", "event:Buy"),
        ("page:/cart", "page:/product/1003", "event:Buy"),
        ("page:/product/*", "event:Buy"),
        ("page:/cart",),
        ("page:/nowhere", "page:/cart"),
    ],
)
def test_counts_are_those_of_the_printed_statement(
    steps: tuple[str, ...], scope: Scope, order: Order, place: Place
) -> None:
    """WindowFunnel over sessions_v gives the same, bots and capped sessions left out of both."""
    some_shop(place)
    funnel = Funnel(steps=steps, scope=scope, order=order, within_ms=2 * HOUR)

    counts = [step.count for step in counted(place, funnel).total.steps]
    assert counts == by_sql(place, funnel)
    assert sum(counts) > 0 or "page:/nowhere" in steps


def test_shares_drop_off_and_waits(place: Place) -> None:
    """Of three that come, two go on, after 2 and 4 seconds; one of these ends."""
    for offsets in ([0], [0, 2_000], [0, 4_000, 5_000]):
        place.add({"steps": ["page:/", "page:/cart", "event:Buy"][: len(offsets)], "offsets": offsets})

    total = counted(place, Funnel(steps=("page:/", "page:/cart", "event:Buy"))).total

    assert [step.count for step in total.steps] == [3, 2, 1]
    assert [round(step.conversion, 3) for step in total.steps] == [1.0, 0.667, 0.333]
    assert [round(step.drop_off, 3) for step in total.steps] == [0.0, 0.333, 0.5]
    assert [step.median_s for step in total.steps] == [None, 3.0, 1.0]
    assert [step.median_from_start_s for step in total.steps] == [None, 3.0, 5.0]
    assert (total.steps[0].low, total.steps[0].high) == (1.0, 1.0)


@pytest.mark.parametrize(("count", "of"), [(0, 10), (3, 10), (10, 10), (170, 1_000)])
def test_wilson_is_the_score_interval(count: int, of: int) -> None:
    """As scipy computes it."""
    interval = binomtest(count, of).proportion_ci(0.95, method="wilson")

    assert wilson(count, of) == pytest.approx((interval.low, interval.high), abs=1e-12)
    assert wilson(0, 0) == (0.0, 1.0)


def test_groups_add_up(place: Place) -> None:
    """Largest first; an empty value has a name; a visitor is of its first session's group."""
    some_shop(place)
    for scope in Scope:
        result = counted(place, Funnel(steps=("page:/cart", "event:Buy"), scope=scope), by="dvce_type")
        assert {group.group for group in result.groups} == {"Mobile", "Desktop", "(none)"}
        assert [g.of for g in result.groups] == sorted((g.of for g in result.groups), reverse=True)
        for k, step in enumerate(result.total.steps):
            assert step.count == sum(group.steps[k].count for group in result.groups)


def test_a_visitor_is_of_the_group_of_its_first_session(place: Place) -> None:
    """A phone today and a desktop tomorrow count as a phone; a group without anyone is not shown."""
    place.add(
        {"visitor": 1, "start": DAY + HOUR, "dvce_type": "Desktop"},
        {"visitor": 1, "dvce_type": "Mobile"},
        {"visitor": 2, "dvce_type": "TV"},
    )

    result = counted(place, Funnel(steps=("page:/",), scope=Scope.VISITOR), by="dvce_type")
    assert [(group.group, group.of) for group in result.groups] == [("Mobile", 1), ("TV", 1)]


def test_a_visitor_takes_steps_over_several_sessions(place: Place) -> None:
    """A session does not; the window ends it, and exactly at its end still counts."""
    place.add({"steps": ["page:/"]}, {"steps": ["event:Buy"], "start": DAY + HOUR})
    steps = ("page:/", "event:Buy")

    for scope, within, count in (
        (Scope.SESSION, 2 * HOUR, 0),
        (Scope.VISITOR, HOUR, 1),
        (Scope.VISITOR, HOUR - 1, 0),
    ):
        total = counted(place, Funnel(steps=steps, scope=scope, within_ms=within)).total
        assert [step.count for step in total.steps] == [1, count]


def test_an_unknown_step_counts_nobody_and_says_what_looks_alike(place: Place) -> None:
    """It is no error: tomorrow somebody may take it."""
    place.add({"steps": ["page:/cart", "event:Order Completed"]})

    result = counted(place, Funnel(steps=("page:/cart", "event:Order complete")))
    assert [step.count for step in result.total.steps] == [1, 0]
    assert result.unknown == {"event:Order complete": ["event:Order Completed"]}


@pytest.mark.parametrize(
    ("order", "steps"),
    [
        (Order.LOOSE, ("page:/", "page:/")),
        (Order.LOOSE, ("page:/", "page:*")),
        (Order.STRICT, ("page:/", "page:/a", "page:/")),
    ],
)
def test_steps_that_share_events_are_refused(order: Order, steps: tuple[str, ...], place: Place) -> None:
    """WindowFunnel would count one event for both."""
    place.add({"steps": ["page:/", "page:/a"]})

    with pytest.raises(ConfigError, match=r"share events"):
        counted(place, Funnel(steps=steps, order=order))


def test_a_quote_in_a_step_stays_in_its_string(place: Place) -> None:
    """Names come from the web: the statement says them, and does no more."""
    place.add({"steps": ["event:it's \\ 5 %", "page:/a'b"]})
    funnel = Funnel(steps=("event:it's \\ 5 %", "page:/a'b"))

    assert by_sql(place, funnel, Selection(app="shop")) == [1, 1]


def test_a_recorded_funnel_is_read_back_and_written_over(place: Place) -> None:
    """Its id stays, its counts are the newest; steps and funnel agree."""
    place.add({"steps": ["page:/", "event:Buy"]})
    funnel = Funnel(name="buy", steps=("page:/", "event:Buy"), within_ms=HOUR, scope=Scope.VISITOR)
    first = record_funnel(place.client, place.name, counted(place, funnel), Selection(app="shop"))
    place.add({"steps": ["page:/"], "visitor": 8})
    second = record_funnel(place.client, place.name, counted(place, funnel), Selection(app="shop"))

    assert first == second
    assert place.rows("SELECT sessions, converted, conversion, source FROM {database}.funnels_v") == [
        (2, 1, 0.5, "drawn")
    ]
    steps = place.rows("SELECT position, step, sessions, conversion FROM {database}.funnel_steps_v ORDER BY position")
    assert steps == [(1, "page:/", 2, 1.0), (2, "event:Buy", 1, 0.5)]
    assert recorded_funnels(place.client, place.name, "shop") == [funnel]
    assert recorded_funnels(place.client, place.name, "") == []
