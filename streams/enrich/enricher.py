"""All enrichments as one function, in their order."""

from collections.abc import Callable, Sequence

import msgspec

from streams.enrich.bots import make_bots
from streams.enrich.campaign import make_campaign
from streams.enrich.channel import make_channel
from streams.enrich.geo import Lookup, make_geo
from streams.enrich.page import make_page
from streams.enrich.referrer import make_referrer
from streams.enrich.sites import Table, make_sites, media_of
from streams.enrich.useragent import ReadAgent, make_useragent
from streams.records import Event

Enricher = Callable[[Event], None]


class Lookups(msgspec.Struct, frozen=True, kw_only=True):
    """The data the enrichments ask, opened elsewhere (``streams.enrich.sources``), with their versions."""

    read_agent: ReadAgent
    ua_version: str
    crawlers: Sequence[str]
    sites: Table
    city: Lookup | None = None
    asn: Lookup | None = None
    geo_version: str = ""
    app_version: str = ""


def make_enricher(lookups: Lookups) -> Enricher:
    """A function that fills an event's enriched columns in place; each step needs only what those before it filled."""
    site_of = make_sites(lookups.sites)
    app_version = lookups.app_version
    # what the agent says, then whether it is a program: the second corrects dvce_type
    useragent = make_useragent(lookups.read_agent, lookups.ua_version)
    bots = make_bots(lookups.crawlers)
    # the address is cut to its network by now, which is all that geo needs
    geo = make_geo(lookups.city, lookups.asn, lookups.geo_version)
    # the page's host tells internal referrers, its query the campaign; the channel is read off both
    page, referrer, campaign = make_page(), make_referrer(site_of), make_campaign()
    channel = make_channel(site_of, media_of(lookups.sites))

    def enrich(event: Event) -> None:
        useragent(event)
        bots(event)
        geo(event)
        page(event)
        referrer(event)
        campaign(event)
        channel(event)
        event.app_version = app_version

    return enrich
