import pytest

from streams.enrich.referrer import make_referrer
from streams.enrich.site_data import open_sites
from streams.enrich.sites import make_sites
from tests.enrich.conftest import MakeEvent

referrer = make_referrer(make_sites(open_sites()[0]))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", ("", "", "", "")),
        ("https://www.google.com/", ("www.google.com", "search", "Google", "")),
        ("https://www.google.com/search?q=red+shoes", ("www.google.com", "search", "Google", "red shoes")),
        ("https://duckduckgo.com/?q=a&q=b", ("duckduckgo.com", "search", "DuckDuckGo", "a")),
        ("https://l.instagram.com/?q=x", ("l.instagram.com", "social", "Instagram", "")),
        ("https://claude.ai/", ("claude.ai", "ai", "Claude", "")),
        ("android-app://com.google.android.gm/", ("com.google.android.gm", "email", "Gmail", "")),
        ("https://shop.example/cart", ("shop.example", "internal", "", "")),
        ("https://WWW.shop.example/cart", ("www.shop.example", "internal", "", "")),
        ("https://blog.shop.example/", ("blog.shop.example", "unknown", "", "")),
        ("https://elsewhere.example/x", ("elsewhere.example", "unknown", "", "")),
        ("/relative", ("", "", "", "")),
        ("mailto:", ("", "", "", "")),
    ],
)
def test_medium_source_and_term(make_event: MakeEvent, url: str, expected: tuple[str, str, str, str]) -> None:
    """The host says it all; the words searched for only a search engine's query."""
    event = make_event(page_referrer=url, page_url="https://shop.example/p", page_urlhost="shop.example")
    referrer(event)

    assert (event.refr_urlhost, event.refr_medium, event.refr_source, event.refr_term) == expected


def test_a_page_without_host_has_no_internal_referrer(make_event: MakeEvent) -> None:
    """A log line does not say its own host."""
    event = make_event(page_referrer="https://shop.example/")
    referrer(event)

    assert event.refr_medium == "unknown"
