import pytest

from streams.clickid import CLICK_IDS
from streams.enrich.campaign import make_campaign
from streams.records import Event
from tests.anonymize.default_functions import cut
from tests.enrich.conftest import MakeEvent

campaign = make_campaign()


def columns(event: Event) -> tuple[str, str, str, str, str]:
    """Medium, source, term, content, campaign."""
    return event.mkt_medium, event.mkt_source, event.mkt_term, event.mkt_content, event.mkt_campaign


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ("", "", "", "", "")),
        (
            "utm_source=news&utm_medium=email&utm_campaign=spring%20sale&utm_term=a+b&utm_content=top",
            ("email", "news", "a b", "top", "spring sale"),
        ),
        ("utm_id=77", ("", "", "", "", "77")),
        ("utm_campaign=x&utm_id=77", ("", "", "", "", "x")),
        ("utm_source=a&utm_source=b", ("", "a", "", "", "")),
        ("utm_source", ("", "", "", "", "")),
        ("&".join(["utm_source=a"] * 200), ("", "", "", "", "")),
        ("UTM_Source=a&utm_MEDIUM=b", ("b", "a", "", "", "")),
        ("mtm_source=a&mtm_medium=b&mtm_kwd=c&mtm_content=d&mtm_campaign=e", ("b", "a", "c", "d", "e")),
        ("pk_campaign=e&pk_keyword=c", ("", "", "c", "", "e")),
        ("utm_source=a&mtm_source=b", ("", "a", "", "", "")),
        ("utm_source=&mtm_source=b", ("", "b", "", "", "")),
    ],
)
def test_utm_parameters_fill_the_columns(
    make_event: MakeEvent, query: str, expected: tuple[str, str, str, str, str]
) -> None:
    """Decoded; the first of equal names; a query of hundreds of parameters is not read."""
    event = make_event(page_urlquery=query)
    campaign(event)

    assert columns(event) == expected


def test_the_trackers_own_campaign_wins_whole(make_event: MakeEvent) -> None:
    """Two campaigns are never mixed in one row."""
    event = make_event(page_urlquery="utm_source=url&utm_medium=url", mkt_source="tracker")
    campaign(event)

    assert columns(event) == ("", "tracker", "", "", "")


@pytest.mark.parametrize(("name", "network"), CLICK_IDS.items())
def test_a_click_id_names_its_network(make_event: MakeEvent, name: str, network: str) -> None:
    """Where rules leave it in the URL; what the rules found themselves goes before."""
    found, known = (
        make_event(page_urlquery=f"a=1&{name.upper()}=xyz"),
        make_event(page_urlquery=f"{name}=x", mkt_network="N"),
    )
    campaign(found)
    campaign(known)

    assert (found.mkt_network, known.mkt_network) == (network, "N")
    assert columns(found) == ("", "", "", "", "")


def test_of_several_click_ids_the_first_counts(make_event: MakeEvent) -> None:
    """As where the rules read them."""
    event = make_event(page_urlquery="fbclid=1&gclid=2")
    campaign(event)

    assert event.mkt_network == cut("https://x.example/?fbclid=1&gclid=2")[1] == "Facebook"
