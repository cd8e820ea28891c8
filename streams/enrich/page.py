"""The parts of the page's URL."""

from collections.abc import Callable
from urllib.parse import urlsplit

from streams.memo import remember
from streams.records import Event

Parts = tuple[str, str, str, str]
"""(scheme, host, path, query); host in lower case, without port."""


def _split(url: str) -> Parts:
    """A URL without ``scheme://`` is a log's request target: all of it, also ``//x``, is path and query.

    Source: RFC 3986 §3 (parts), RFC 9112 §3.2.1 (origin form).
    """
    if "://" not in url.partition("?")[0]:
        path, _, query = url.partition("?")
        return "", "", path, query
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", "", "", ""
    return parts.scheme, parts.hostname or "", parts.path or "/", parts.query


split = remember(_split)


def make_page() -> Callable[[Event], None]:
    """Fills page_urlscheme, page_urlhost, page_urlpath, page_urlquery."""

    def page(event: Event) -> None:
        if event.page_url:
            event.page_urlscheme, event.page_urlhost, event.page_urlpath, event.page_urlquery = split(event.page_url)

    return page
