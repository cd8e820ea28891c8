"""Funnels and templates on data of real people: equal to windowFunnel, and what the templates come to."""

import csv
import io
import os
import zipfile
from pathlib import Path

import pytest

from models.funnel import Funnel, Order, Scope
from models.funnel_sql import sql_of
from models.funnels import count_funnel, read_funnel_data
from models.paths import read_paths
from models.selection import Selection
from models.store import open_store
from tests.models.conftest import DAY, Place

SHARED = Path(os.environ.get("THALWEG_SHARED", Path(__file__).parents[3] / "shared"))
SHOP = SHARED / "data/seq_eshop_2008_uci/clickstream+data+for+online+shopping.zip"
CATEGORIES = {"1": "trousers", "2": "skirts", "3": "blouses", "4": "sale"}
SECOND = 1_000


def clicks() -> list[dict[str, object]]:
    """Sessions of the shop of 2008: category and page of each click. It has no time of day: a second a click."""
    sessions: dict[str, list[str]] = {}
    with zipfile.ZipFile(SHOP) as archive, archive.open(archive.namelist()[0]) as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8"), delimiter=";"):
            step = f"page:/{CATEGORIES[row['page 1 (main category)']]}/p{row['page']}"
            sessions.setdefault(row["session ID"], []).append(step)
    return [
        {
            "visitor": int(session),
            "start": DAY + int(session) * SECOND,
            "steps": steps[:500],
            "offsets": [k * SECOND for k in range(len(steps[:500]))],
        }
        for session, steps in sessions.items()
    ]


@pytest.mark.skipif(not SHOP.exists(), reason="needs the shared data folder beside the checkout")
def test_a_real_shop_counts_as_window_funnel(place: Place) -> None:
    """24,026 sessions, 165,474 clicks: any order, scope and window."""
    sessions = clicks()
    place.add(*sessions)
    data = read_funnel_data(place.client, place.name, Selection())
    assert len(data.raw.started_ms) == 24_026
    assert len(data.raw.codes) == 165_474

    for steps in (
        ("page:/sale/p1", "page:/sale/p2", "page:/sale/p3", "page:/sale/p4"),
        ("page:/trousers/*", "page:/skirts/*", "page:/blouses/*"),
        ("page:/blouses/p1", "page:/blouses/p2"),
    ):
        for order in Order:
            for within in (3 * SECOND, 10**9):
                funnel = Funnel(steps=steps, order=order, within_ms=within)
                counts = [step.count for step in count_funnel(data, funnel).total.steps]
                statement = sql_of(funnel, data, Selection()).replace("sessions_v", f"{place.name}.sessions_v")
                assert tuple(counts) == place.rows(statement)[0]
                assert counts[1] > 100


def test_the_demo_counts_as_window_funnel_over_its_events(demo: Path) -> None:
    """Not over the steps of the sessions, but over the events themselves."""
    steps = ("page:/product/:id", "event:Product Added", "page:/cart", "event:Order Completed")
    conditions = (
        "event = 'page_view' AND match(page_urlpath, '^/product/[^/]+$'), event_name = 'Product Added',"
        " event = 'page_view' AND page_urlpath = '/cart', event_name = 'Order Completed'"
    )
    units = {Scope.SESSION: "session_id", Scope.VISITOR: "visitor_id"}
    with open_store(demo / "store") as store:
        data = read_funnel_data(store.client, store.database, Selection(app="shop"))
        for scope, unit in units.items():
            for order, mode in ((Order.LOOSE, ""), (Order.STRICT, ", 'strict_order'")):
                rows = store.client.execute(
                    f"SELECT countIf(level >= 1), countIf(level >= 2), countIf(level >= 3), countIf(level >= 4) FROM ("
                    f"SELECT windowFunnel(86400000{mode})(toUInt64(toUnixTimestamp64Milli(derived_tstamp)),"
                    f" {conditions}) AS level FROM events_v WHERE app_id = 'shop' AND is_late = 0"
                    " AND session_id IN (SELECT session_id FROM sessions_v WHERE is_bot = 0 AND is_capped = 0)"
                    f" GROUP BY {unit})"
                )
                result = count_funnel(data, Funnel(steps=steps, scope=scope, order=order))
                assert tuple(step.count for step in result.total.steps) == rows[0]
                assert rows[0][1] > 30


def test_the_demo_has_three_templates(demo: Path) -> None:
    """Products, orders and a customer's orders are ids; categories, articles and help stay."""
    with open_store(demo / "store") as store:
        vocabulary = read_paths(store.client, store.database, Selection(app="shop")).vocabulary

    assert [step for step in vocabulary if "/:id" in step] == [
        "page:/account/orders/:id",
        "page:/order/:id/confirmed",
        "page:/product/:id",
    ]
    assert {"page:/category/lamps", "page:/blog/care-for-wool", "page:/help/delivery"} <= set(vocabulary)
    assert not [step for step in vocabulary if step.startswith("page:/product/1")]
