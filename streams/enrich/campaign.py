"""Campaign columns from the page URL's parameters, where the tracker sent none itself."""

from collections.abc import Callable

from streams.clickid import CLICK_IDS
from streams.enrich.query import read_query
from streams.memo import remember
from streams.records import Event

Campaign = tuple[str, str, str, str, str, str]
"""(medium, source, term, content, campaign, network)."""

_NAMES = (
    ("utm_medium", "mtm_medium"),
    ("utm_source", "mtm_source", "pk_source"),
    ("utm_term", "mtm_keyword", "mtm_kwd", "pk_keyword", "pk_kwd"),
    ("utm_content", "mtm_content", "pk_content"),
    ("utm_campaign", "utm_id", "mtm_campaign", "pk_campaign"),
)
"""Per column the parameters that fill it, best first.

Source: support.google.com/analytics/answer/10917952 (utm_*); matomo.org/faq/tracking-campaigns (mtm_*, pk_*).
"""


def _read(query: str) -> Campaign:
    found = read_query(query)
    medium, source, term, content, campaign = [
        next((found[name] for name in names if found.get(name)), "") for names in _NAMES
    ]
    network = next((CLICK_IDS[name] for name in reversed(found) if name in CLICK_IDS), "")
    return medium, source, term, content, campaign, network


read = remember(_read)


def make_campaign() -> Callable[[Event], None]:
    """Fills mkt_medium, mkt_source, mkt_term, mkt_content, mkt_campaign, all or none; runs after the page stage.

    mkt_network is mostly set by the rules, which cut click ids out of the URL; where they leave one it is read here.
    """

    def campaign(event: Event) -> None:
        if not event.page_urlquery:
            return
        medium, source, term, content, name, network = read(event.page_urlquery)
        if not event.mkt_network:
            event.mkt_network = network
        if not (event.mkt_medium or event.mkt_source or event.mkt_campaign):
            event.mkt_medium, event.mkt_source, event.mkt_term = medium, source, term
            event.mkt_content, event.mkt_campaign = content, name

    return campaign
