"""What sent the visitor: medium, source and search term of the referrer."""

from collections.abc import Callable, Iterable

from streams.enrich.page import split
from streams.enrich.query import read_query
from streams.enrich.sites import UNKNOWN, Site
from streams.memo import remember
from streams.records import Event

INTERNAL = "internal"
OTHER = "unknown"
_TERMS = (
    "q", "query", "p", "wd", "word", "text", "search", "keyword", "keywords", "kw", "search_query", "search_term",
    "searchfor", "qs", "qkw", "eingabe", "suche", "k", "s", "w", "as_q",
)  # fmt: skip
"""Names under which search engines carry the words; the default rules cut them away before this stage."""


def _term(query: str) -> str:
    found = read_query(query)
    return next((found[name] for name in _TERMS if name in found), "")


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def _make_is_internal(own_hosts: Iterable[str]) -> Callable[[str], bool]:
    own = frozenset(_bare(host.lower().rstrip(".")) for host in own_hosts)

    def is_internal(host: str) -> bool:
        labels = host.split(".")
        return any(".".join(labels[start:]) in own for start in range(len(labels)))

    return remember(is_internal)


def make_referrer(site_of: Callable[[str], Site], internal_hosts: Iterable[str] = ()) -> Callable[[Event], None]:
    """Fills refr_urlhost, refr_medium, refr_source, refr_term; runs after the page stage.

    Media: search, shopping, video, social, email, ai, paid (an ad server), internal (the page's own host, or one of
    ``internal_hosts`` or below it), unknown (any other host); empty without a referrer.
    """
    is_internal = _make_is_internal(internal_hosts)

    def referrer(event: Event) -> None:
        if not event.page_referrer:
            return
        _, host, _, query = split(event.page_referrer)
        if not host:
            return
        event.refr_urlhost = host
        if _bare(host) == _bare(event.page_urlhost) or is_internal(host):
            event.refr_medium = INTERNAL
            return
        site = site_of(host)
        event.refr_medium, event.refr_source = site if site != UNKNOWN else (OTHER, "")
        if query and event.refr_medium == "search":
            event.refr_term = _term(query)

    return referrer
