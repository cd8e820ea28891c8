import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from models.funnel import Funnel
from models.funnels import count_funnel, read_funnel_data
from models.report.facts import read_facts
from models.report.report import report_page
from models.report.text import number, percent, shortened
from models.selection import Selection
from tests.models.conftest import DAY, Place

DAY_MS = 86_400_000
HOSTILE = "<script>alert(1)</script>"


class Seen(HTMLParser):
    """Tags, and the text of table cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.cells: list[str] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]
        self._in_cell = tag == "td" or (self._in_cell and tag in {"span", "wbr"})
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._in_cell = False


def page_of(place: Place, *funnels: Funnel, selection: Selection = Selection()) -> str:  # noqa: B008
    """The report of the database."""
    facts = read_facts(place.client, place.name, selection)
    data = read_funnel_data(place.client, place.name, selection)
    return report_page(facts, [count_funnel(data, funnel) for funnel in funnels], "./store")


def seen(page: str) -> Seen:
    """What a browser would see."""
    parser = Seen()
    parser.feed(page)
    return parser


def charts(page: str) -> list[dict[str, Any]]:
    """The figures in the page."""
    return [json.loads(text) for text in re.findall(r'<script type="application/json">(.*?)</script>', page)]


def test_a_page_tells_what_the_table_holds(place: Place) -> None:
    """Totals, rankings by template, flows, and who was left out."""
    place.add(
        *(
            {"visitor": n, "steps": ["page:/", f"page:/product/{1000 + n}"], "start": DAY + n * DAY_MS}
            for n in range(9)
        ),
        {"visitor": 1, "steps": ["page:/help"], "start": DAY + 10 * DAY_MS, "geo_country": "DE"},
        {"is_bot": 1},
    )

    page = page_of(place, Funnel(name="look", steps=("page:/", "page:/product/:id")))
    cells = seen(page).cells

    assert "<h1>Sessions of shop</h1>" in page
    assert "02 Mar 2026 – 12 Mar 2026 (UTC) · 19 events" in page
    assert "Left out: 1 sessions of bots" in page
    for row in (
        ["/", "9", "90.0 %", "0.0 %"],
        ["/product/:id", "9", "90.0 %", "0.0 %"],
        ["/help", "1", "10.0 %", "100.0 %"],
    ):
        assert row in [cells[n : n + 4] for n in range(len(cells))]
    assert ["/", "/product/:id", "9", "100.0 %"] in [cells[n : n + 4] for n in range(len(cells))]
    assert ["page:/product/:id", "9", "100.0 %"] in [cells[n : n + 3] for n in range(len(cells))]
    assert [chart["data"][0]["type"] for chart in charts(page)] == ["scatter", "sankey", "bar"]
    assert charts(page)[0]["data"][0]["y"] == [1] * 9 + [0, 1]


def test_retention_counts_weeks_after_the_first(place: Place) -> None:
    """Of two visitors of the first week one came again in the third."""
    place.add(
        {"visitor": 1},
        {"visitor": 2},
        {"visitor": 1, "start": DAY + 14 * DAY_MS},
        {"visitor": 3, "start": DAY + 7 * DAY_MS},
    )

    cells = seen(page_of(place)).cells
    assert ["02 Mar 2026", "2", "0.0 %", "50.0 %"] in [cells[n : n + 4] for n in range(len(cells))]
    assert ["09 Mar 2026", "1", "0.0 %", ""] in [cells[n : n + 4] for n in range(len(cells))]


def one(place: Place) -> None:
    place.add({"default_channel_group": ""})


def one_day(place: Place) -> None:
    place.add(*({"visitor": n, "start": DAY + n * 3_600_000, "steps": ["page:/", "page:/a"]} for n in range(1, 9)))


def no_views(place: Place) -> None:
    place.add({"steps": []}, {"steps": ["event:Buy"]})


def two_apps(place: Place) -> None:
    place.add({}, {"app_id": "docs", "visitor": 3})


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (
            one,
            [
                "Retention needs sessions of two weeks",
                "No session has two views yet",
                "No session came from another site",
            ],
        ),
        (one_day, ["By hour, UTC.", "02 Mar 2026 (UTC)"]),
        (no_views, ["2 sessions had none.", "Nothing here yet."]),
        (two_apps, ["<h2>Apps</h2>", "shop · /", "docs · /"]),
    ],
)
def test_little_data_is_said(fill: Callable[[Place], None], words: list[str], place: Place) -> None:
    """Each part says what it lacks; where no funnel is drawn, the command that draws one."""
    fill(place)
    page = page_of(place)

    text = re.sub(r"<wbr>", "", page)
    assert [word for word in [*words, "thalweg funnel --store ./store"] if word not in text] == []


def test_an_empty_store_says_how_to_fill_it(place: Place) -> None:
    """And needs no chart."""
    page = page_of(place)

    assert "thalweg run --input access.log" in page
    assert 'id="plotly"' not in page


def test_nothing_from_the_web_becomes_markup(place: Place) -> None:
    """Paths, titles, names of apps and events hold what visitors sent."""
    place.add(
        *({"visitor": n, "steps": [f"page:/{HOSTILE}", f"event:{HOSTILE}", f"page:/{HOSTILE}b"]} for n in range(3)),
        {"app_id": HOSTILE, "visitor": 9, "default_channel_group": HOSTILE, "geo_country": 'D" onload="x'},
        {"refr_source": HOSTILE, "dvce_type": HOSTILE, "steps": [], "first_page_title": HOSTILE},
    )

    page = page_of(place, Funnel(name=HOSTILE, steps=(f"page:/{HOSTILE}", f"event:{HOSTILE}")))
    assert seen(page).tags.count("script") == 2 + len(charts(page))
    assert "alert(1)</script>" not in page
    for chart in charts(page):
        assert "<script" not in json.dumps(chart)


def test_a_page_asks_for_nothing(place: Place) -> None:
    """No address but places in itself; the browser is told to refuse any request; the same data, the same bytes."""
    one_day(place)
    page = page_of(place)

    assert all(address.startswith(("#", "data:")) for address in seen(page).addresses)
    assert "default-src &#x27;none&#x27;" in page
    assert page == page_of(place)


def test_numbers_and_names_are_written_for_people() -> None:
    """Thousands apart, small shares not as nothing, long names without their middle."""
    assert [number(n) for n in (0, 1_234_567, 3.25, 99.95)] == ["0", "1,234,567", "3.2", "100.0"]
    assert [percent(share) for share in (0, 0.0001, 0.123, 1)] == ["0.0 %", "<0.1 %", "12.3 %", "100.0 %"]
    assert shortened("/presentations/logstash-puppetconf-2012/", 17) == "/presentat…-2012/"
    assert shortened("/a", 17) == "/a"
