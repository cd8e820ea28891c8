"""What discovery found, on the page: funnels with how sure they are, navigation apart, patterns in words."""

import re
from uuid import UUID

from models.funnel import Funnel
from models.funnels import count_funnel, read_funnel_data
from models.report.facts import read_facts
from models.report.findings import NOTHING, Evidence, Findings, Pattern, read_findings
from models.report.report import report_page
from models.selection import Selection
from tests.models.conftest import Place
from tests.models.report.test_report import HOSTILE, charts, seen

NEWS = Funnel(name="news", steps=("page:/", "page:/a", "page:/b"))
KNOWN = Funnel(name="links", steps=("page:/", "page:/b", "page:/c"))
DRAWN = Funnel(name="drawn", steps=("page:/", "page:/c"))


def page_of(place: Place, findings: Findings, *funnels: Funnel) -> str:
    """The report with them."""
    facts = read_facts(place.client, place.name, Selection())
    data = read_funnel_data(place.client, place.name, Selection())
    return report_page(facts, [count_funnel(data, funnel) for funnel in funnels], "./store", findings)


def pattern(name: str, kind: str = "cluster", **given: object) -> Pattern:
    """One."""
    usual: dict[str, object] = {
        "description": "They take page:/a.",
        "sessions": 30,
        "visitors": 20,
        "share": 0.3,
        "share_before": 0.25,
        "conversion": None,
        "goal_share": 0.1,
        "stability": 0.93,
        "stability_by_chance": 0.2,
    }
    return Pattern(name=name, kind=kind, **{**usual, **given})  # type: ignore[arg-type]


def test_found_funnels_say_how_sure_they_are(place: Place) -> None:
    """News with a chart; what navigation explains folded, last, without one; drawn ones say nothing of it."""
    place.add({"steps": ["page:/", "page:/a", "page:/b", "page:/c"]})
    found = Findings(
        {KNOWN.steps: Evidence(9.0, 1e-9, "explained by navigation"), NEWS.steps: Evidence(5.25, 3e-12, "")}, []
    )

    page = page_of(place, found, DRAWN, KNOWN, NEWS)

    section = re.findall(r'<section id="funnels".*?</section>', page, re.DOTALL)[0]
    drawn, news, known = (section.index(f"<h3>{name}</h3>") for name in ("drawn", "news", "links"))
    assert drawn < news < section.index("<details><summary>1 explained by navigation") < known
    assert "5.2 times as often as chance on visitors it was not found on, q 3e-12" in section[news:known]
    assert "Found, not drawn" not in section[drawn:news]
    assert len(charts(section)) == 2


def test_patterns_are_a_table_and_words(place: Place) -> None:
    """With shares, those before, and how sure the clusters are."""
    place.add({})
    rows = [
        pattern("a → b → c", "funnel", conversion=0.5, stability=None, stability_by_chance=None),
        pattern(HOSTILE),
        pattern("all other sessions", "other", share_before=None, stability=None, stability_by_chance=None),
    ]

    page = page_of(place, Findings({}, rows))

    assert "1 clusters, which come out alike from other samples: 0.93 of 1, in shuffled data 0.20" in page
    cells = seen(page).cells
    first = cells.index("a → b → c")
    assert cells[first : first + 7] == ["a → b → c", "30", "20", "30.0 %", "25.0 %", "50.0 %", "10.0 %"]
    assert cells[cells.index("all other sessions") + 4] == "–"
    assert HOSTILE not in page
    assert page.count("They take page:/<wbr>a.") == 3


def test_without_patterns_the_page_says_how_to_get_them(place: Place) -> None:
    """And what is left where there are no clusters is said to be one."""
    place.add({})

    assert "thalweg discover --store ./store" in page_of(place, NOTHING)
    assert "no clusters are sure, or there were too few to look in" in page_of(
        place, Findings({}, [pattern("all sessions", "other", stability=None)])
    )


def test_findings_come_from_the_tables(place: Place) -> None:
    """Of the app asked for; found funnels only; patterns without a session stay away; none in an older store."""
    place.client.execute(
        f"INSERT INTO {place.name}.funnels (funnel_id, app_id, source, steps, lift, q_value, label, version) VALUES",
        [
            (UUID(int=1), "shop", "discovered", ["a", "b"], 2.5, 0.001, "", 1),
            (UUID(int=2), "shop", "drawn", ["c", "d"], None, None, "", 1),
            (UUID(int=3), "blog", "discovered", ["e", "f"], 2.0, 0.001, "", 1),
        ],
    )
    place.client.execute(
        f"INSERT INTO {place.name}.patterns (pattern_id, app_id, name, kind, sessions, share, version) VALUES",
        [
            (UUID(int=1), "shop", "rest", "other", 9, 0.5, 1),
            (UUID(int=2), "shop", "alike", "cluster", 4, 0.2, 1),
            (UUID(int=3), "shop", "walkers", "funnel", 3, 0.1, 1),
            (UUID(int=4), "shop", "nobody", "cluster", 0, 0.0, 1),
            (UUID(int=5), "blog", "other app", "other", 9, 0.5, 1),
        ],
    )

    found = read_findings(place.client, place.name, "shop")

    assert found.evidence == {("a", "b"): Evidence(2.5, 0.001, "")}
    assert [one.name for one in found.patterns] == ["walkers", "alike", "rest"]
    assert read_findings(place.client, "nowhere", "shop") == NOTHING
