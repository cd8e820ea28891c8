import pytest

from streams.enrich.page import make_page
from tests.enrich.conftest import MakeEvent

page = make_page()


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://Shop.Example:8443/p/1?utm_source=x", ("https", "shop.example", "/p/1", "utm_source=x")),
        ("https://shop.example", ("https", "shop.example", "/", "")),
        ("http://[2001:db8::1]/x", ("http", "2001:db8::1", "/x", "")),
        ("/a/b?utm_term=https://x.example/", ("", "", "/a/b", "utm_term=https://x.example/")),
        ("//wp-admin/x", ("", "", "//wp-admin/x", "")),
        ("*", ("", "", "*", "")),
        ("mailto:", ("", "", "mailto:", "")),
        ("", ("", "", "", "")),
        ("http://[broken/x", ("", "", "", "")),
    ],
)
def test_a_url_has_four_parts(make_event: MakeEvent, url: str, parts: tuple[str, str, str, str]) -> None:
    """A log's request target has path and query only, however it begins."""
    event = make_event(page_url=url)
    page(event)

    assert (event.page_urlscheme, event.page_urlhost, event.page_urlpath, event.page_urlquery) == parts
