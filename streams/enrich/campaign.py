"""Campaign columns from the page URL's utm parameters, where the tracker sent none itself."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from streams.memo import remember
from streams.records import Event

MAX_PARAMETERS = 100

Campaign = tuple[str, str, str, str, str]
"""(medium, source, term, content, campaign)."""


def _read(query: str) -> Campaign:
    """Source: support.google.com/analytics/answer/10917952 (URL builders); the first of equal names counts."""
    try:
        pairs = parse_qsl(query, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        return "", "", "", "", ""
    found = {name.lower(): value for name, value in reversed(pairs)}
    get = found.get
    name = get("utm_campaign", "") or get("utm_id", "")
    return get("utm_medium", ""), get("utm_source", ""), get("utm_term", ""), get("utm_content", ""), name


read = remember(_read)


def make_campaign() -> Callable[[Event], None]:
    """Fills mkt_medium, mkt_source, mkt_term, mkt_content, mkt_campaign, all or none; runs after the page stage."""

    def campaign(event: Event) -> None:
        if event.page_urlquery and not (event.mkt_medium or event.mkt_source or event.mkt_campaign):
            event.mkt_medium, event.mkt_source, event.mkt_term, event.mkt_content, event.mkt_campaign = read(
                event.page_urlquery
            )

    return campaign
