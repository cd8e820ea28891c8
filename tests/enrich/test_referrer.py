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
        ("https://www.bing.com/search?pq=x&q=caf%C3%A9", ("www.bing.com", "search", "Bing", "café")),
        ("https://yandex.ru/search/?text=%D0%BB%D0%B8%D1%81%D0%B0", ("yandex.ru", "search", "Yandex", "лиса")),
        ("https://www.baidu.com/s?wd=a", ("www.baidu.com", "search", "Baidu", "a")),
        ("https://search.yahoo.com/search?p=a", ("search.yahoo.com", "search", "Yahoo", "a")),
        ("https://googleads.g.doubleclick.net/x?q=a", ("googleads.g.doubleclick.net", "paid", "Google Ads", "")),
        ("https://3405803785/", ("", "", "", "")),
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


@pytest.mark.parametrize(
    ("host", "medium"),
    [
        ("house.example", "internal"),
        ("www.house.example", "internal"),
        ("blog.house.example", "internal"),
        ("notthehouse.example", "unknown"),
        ("example", "unknown"),
        ("www.google.com", "search"),
        ("shop.google.example", "internal"),
    ],
)
def test_hosts_of_ones_own_are_internal(make_event: MakeEvent, host: str, medium: str) -> None:
    """With all below them; so a log, which does not say its own host, has internal referrers too."""
    own = make_referrer(make_sites(open_sites()[0]), ["WWW.House.example", "google.example"])
    event = make_event(page_referrer=f"https://{host}/x")
    own(event)

    assert event.refr_medium == medium
