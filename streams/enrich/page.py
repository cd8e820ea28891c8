"""The parts of the page's URL, as a browser would take it apart."""

from collections.abc import Callable

import can_ada

from streams.memo import remember
from streams.records import Event

Parts = tuple[str, str, str, str]
"""(scheme, host, path, query); host in lower case, without port, IPv6 without brackets."""

NO_PARTS: Parts = ("", "", "", "")


def _split(url: str) -> Parts:
    """A URL without ``scheme://`` is a log's request target: all of it, also ``//x``, is path and query.

    What no browser would open has no parts. Source: url.spec.whatwg.org (parser, serialization: names of other scripts
    in Punycode, other letters of path and query percent-encoded, dot segments gone); RFC 9112 §3.2.1 (origin form).
    """
    if "://" not in url.partition("?")[0]:
        path, _, query = url.partition("?")
        return "", "", path, query
    try:
        parts = can_ada.parse(url)
    except (ValueError, TypeError):  # no URL; half a surrogate pair
        return NO_PARTS
    host = parts.hostname.removeprefix("[").removesuffix("]")
    return parts.protocol[:-1], host if _shown(host, url) else "", parts.pathname, parts.search[1:]


def _shown(host: str, url: str) -> bool:
    """Whether the URL shows this host: the parser decodes what the rules could not have seen.

    ``http://3405803785/`` is 203.0.113.9 in another dress. The rules looked at the URL as it stands, so a part may say
    nothing that it does not; a name of another script may, it is told by ``xn--``.
    """
    return host in url or host in url.lower() or "xn--" in host


split = remember(_split)


def make_page() -> Callable[[Event], None]:
    """Fills page_urlscheme, page_urlhost, page_urlpath, page_urlquery; page_url stays as the rules left it."""

    def page(event: Event) -> None:
        if event.page_url:
            event.page_urlscheme, event.page_urlhost, event.page_urlpath, event.page_urlquery = split(event.page_url)

    return page
