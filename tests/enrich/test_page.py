import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.enrich.page import NO_PARTS, make_page, split
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
        ("http://a b/", ("", "", "", "")),
        ("http://x:99999/", ("", "", "", "")),
        ("http://x/\ud800", ("", "", "", "")),
        ("HTTP://Shop.Example:80/a/./b/../c", ("http", "shop.example", "/a/c", "")),
        (
            "https://münchen.example/straße?utm_term=grün",
            ("https", "xn--mnchen-3ya.example", "/stra%C3%9Fe", "utm_term=gr%C3%BCn"),
        ),
        ("https://shop.example/a b", ("https", "shop.example", "/a%20b", "")),
        ("https://shop.example/(user)/x", ("https", "shop.example", "/(user)/x", "")),
        ("https://(ip)/x", ("https", "(ip)", "/x", "")),
        ("android-app://com.example.shop/", ("android-app", "com.example.shop", "/", "")),
        ("https://shop.example\\cart", ("https", "shop.example", "/cart", "")),
    ],
)
def test_a_url_has_four_parts(make_event: MakeEvent, url: str, parts: tuple[str, str, str, str]) -> None:
    """A log's request target has path and query only, however it begins."""
    event = make_event(page_url=url)
    page(event)

    assert (event.page_urlscheme, event.page_urlhost, event.page_urlpath, event.page_urlquery) == parts


@pytest.mark.parametrize(
    "host",
    [
        "3405803785",
        "0xCB007109",
        "203%2E0%2E113%2E9",
        "２０３.0.113.９",
        "203.0.28937",
        "[::ffff:203.0.113.9]",
        "exa%6Dple.com",
    ],
)
def test_a_part_says_nothing_that_the_url_does_not_show(make_event: MakeEvent, host: str) -> None:
    """The parser would decode an address that the rules could not see; then there is no host."""
    event = make_event(page_url=f"http://{host}/x")
    page(event)

    assert (event.page_urlhost, event.page_urlpath) == ("", "/x")


PORTIONS = st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=12)


@given(host=PORTIONS, path=PORTIONS, query=PORTIONS)
def test_parts_are_the_parsers_or_none(host: str, path: str, query: str) -> None:
    """Whatever comes: put together again, they are a URL that has these parts."""
    parts = split(f"https://{host}/{path}?{query}")
    if parts == NO_PARTS or not parts[1] or ":" in parts[1]:
        return
    scheme, name, rest, asked = parts

    assert split(f"{scheme}://{name}{rest}?{asked}") == parts
