import pytest

from streams.enrich.campaign import make_campaign
from streams.records import Event
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
