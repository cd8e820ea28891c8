from collections.abc import Iterator

import numpy as np
import pytest
from clickhouse_driver import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from models.funnel import Order
from models.walks import Timeline, Walks, walk
from streams.warehouse.embedded.store import StoreAddress

Step = tuple[int, int, int]
"""Unit, milliseconds, code."""
CODES, UNITS = 6, 4
MODES = {Order.LOOSE: "", Order.STRICT: ", 'strict_order'"}

step = st.tuples(st.integers(0, UNITS - 1), st.integers(0, 12), st.integers(0, CODES - 1))
funnels = st.permutations(range(CODES)).flatmap(
    lambda codes: st.integers(1, 5).flatmap(
        lambda k: st.lists(st.integers(1, 2), min_size=k, max_size=k).map(
            lambda sizes: [codes[sum(sizes[:i]) : sum(sizes[: i + 1])] for i in range(k)]
        )
    )
)
"""Steps of a funnel, each with the codes that mean it; none shares a code with another."""


def walked(steps: list[Step], funnel: list[list[int]], within: int, order: Order, n: int = UNITS) -> Walks:
    """Our answer."""
    columns = np.array(steps, dtype=np.int64).reshape(-1, 3).T
    timeline = Timeline(columns[0], columns[1], columns[2].astype(np.int32), n)
    matches = [np.isin(np.arange(CODES), codes) for codes in funnel]
    return walk(timeline, matches, within, order)


def window_funnel(
    client: Client, steps: list[Step], funnel: list[list[int]], within: int, order: Order, n: int = UNITS
) -> list[int]:
    """ClickHouse's answer."""
    client.execute("TRUNCATE TABLE walks")
    client.execute("INSERT INTO walks VALUES", steps)
    conditions = ", ".join(f"code IN ({', '.join(map(str, codes))})" for codes in funnel)
    levels = [0] * n
    for unit, level in client.execute(
        f"SELECT unit, windowFunnel({within}{MODES[order]})(time, {conditions}) FROM walks GROUP BY unit"
    ):
        levels[unit] = level
    return levels


@pytest.fixture(scope="module")
def server(address: StoreAddress) -> Iterator[Client]:
    """The embedded server."""
    client = Client(address.host, address.port, user=address.user, password=address.password)
    client.execute("CREATE TEMPORARY TABLE walks (unit UInt16, time UInt64, code UInt8)")
    yield client
    client.disconnect()


@pytest.mark.parametrize("order", Order)
def test_levels_equal_window_funnel(order: Order, server: Client) -> None:
    """Any events, ties in time among them, in any order of rows, any window: loose is its default mode, strict is
    strict_order."""

    @settings(deadline=None)
    @given(st.lists(step, max_size=40), funnels, st.integers(0, 14))
    def check(steps: list[Step], funnel: list[list[int]], within: int) -> None:
        levels = walked(steps, funnel, within, order).levels.tolist()
        assert levels == window_funnel(server, steps, funnel, within, order)

    check()


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("seed", range(4))
def test_levels_equal_window_funnel_where_walks_are_long(seed: int, order: Order, server: Client) -> None:
    """Units that mostly go on to the next step, so that every level is reached; ties in a tenth of the steps."""
    random = np.random.default_rng(seed)
    n, length, k = 400, 16, 5
    places = np.cumsum(random.random((n, length)) < 0.75, axis=1) % k
    codes = np.where(random.random((n, length)) < 0.05 * (seed + 1), random.integers(0, k + 1, (n, length)), places)
    times = np.cumsum(random.integers(0, 10, (n, length)), axis=1)
    steps = [(unit, int(times[unit, i]), int(codes[unit, i])) for unit in range(n) for i in range(length)]
    funnel = [[place] for place in range(k)]

    for within in (10, 30, 1_000):
        levels = walked(steps, funnel, within, order, n).levels.tolist()
        assert levels == window_funnel(server, steps, funnel, within, order, n)
    assert set(range(2, k + 1)) <= set(levels)


def test_a_step_may_come_again_later_in_a_loose_funnel(server: Client) -> None:
    """Home, product, home: steps in a row differ, others may be the same."""

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 2)), max_size=30), st.integers(0, 9))
    def check(steps: list[Step], within: int) -> None:
        funnel = [[0], [1], [0], [1, 2]]
        assert walked(steps, funnel, within, Order.LOOSE).levels.tolist() == window_funnel(
            server, steps, funnel, within, Order.LOOSE
        )

    check()


def slow_times(steps: list[Step], funnel: list[list[int]], within: int) -> dict[tuple[int, int], tuple[int, int]]:
    """(unit, place) → milliseconds at the first arrival since the step before and since the start, event by event.

    A later arrival at a place takes over: the latest start leaves the most time."""
    first: dict[tuple[int, int], tuple[int, int]] = {}
    state: dict[tuple[int, int], tuple[int, int]] = {}
    order = {code: place for place, codes in enumerate(funnel) for code in codes}
    for unit, time, place in sorted((u, t, order[c]) for u, t, c in steps if c in order):
        if place == 0:
            state[unit, 0] = (time, time)
        elif (unit, place - 1) in state:
            start, last = state[unit, place - 1]
            if time - start <= within:
                state[unit, place] = (start, time)
                first.setdefault((unit, place), (time - last, time - start))
    return first


@given(st.lists(step, max_size=40), funnels, st.integers(0, 14))
def test_times_are_those_of_the_first_arrival(steps: list[Step], funnel: list[list[int]], within: int) -> None:
    """Since the last arrival at the step before it, and since the start that led there; in order of units."""
    walks = walked(steps, funnel, within, Order.LOOSE)

    expected = slow_times(steps, funnel, within)
    for place in range(1, len(funnel)):
        times = [expected[unit, place] for unit in range(UNITS) if (unit, place) in expected]
        assert walks.since_last_ms[place].tolist() == [last for last, _ in times]
        assert walks.since_first_ms[place].tolist() == [first for _, first in times]


CASES: list[tuple[str, list[tuple[int, int]], int, int, int]] = [
    # words, (ms, code) of one unit, window, loose, strict; the funnel is 0, 1, 2
    ("as drawn", [(0, 0), (1, 1), (2, 2)], 9, 3, 3),
    ("the window's end counts", [(0, 0), (9, 1)], 9, 2, 2),
    ("one later does not", [(0, 0), (10, 1)], 9, 1, 1),
    ("the last start counts", [(0, 0), (8, 0), (10, 1)], 9, 2, 2),
    ("the window is from the first step", [(0, 0), (5, 1), (10, 2)], 9, 2, 2),
    ("another step between", [(0, 0), (1, 5), (2, 1)], 9, 2, 1),
    ("another step before the start", [(0, 5), (1, 0), (2, 1)], 9, 2, 2),
    ("strict looks at the first try only", [(0, 0), (1, 5), (2, 0), (3, 1)], 9, 2, 1),
    ("a step too early ends a strict walk", [(0, 0), (1, 2), (2, 1), (3, 2)], 9, 3, 1),
    ("a tie counts in the funnel's order", [(0, 1), (0, 0)], 9, 2, 2),
    ("a tie with another step: that one first", [(0, 0), (1, 1), (1, 5)], 9, 2, 1),
    ("a step may repeat", [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)], 9, 3, 3),
    ("nothing", [], 9, 0, 0),
]


@pytest.mark.parametrize(("words", "events", "within", "loose", "strict"), CASES, ids=[case[0] for case in CASES])
def test_corners(
    words: str, events: list[tuple[int, int]], within: int, loose: int, strict: int, server: Client
) -> None:
    """Each as its words say, and as windowFunnel has it."""
    steps = [(0, *event) for event in events]
    funnel = [[0], [1], [2]]

    for order, level in ((Order.LOOSE, loose), (Order.STRICT, strict)):
        assert walked(steps, funnel, within, order).levels[0] == level, words
        assert window_funnel(server, steps, funnel, within, order)[0] == level, words
