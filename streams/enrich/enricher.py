"""All enrichments as one function, in their order."""

from collections.abc import Callable, Sequence

import msgspec

from streams.enrich.bots import make_bots
from streams.enrich.campaign import make_campaign
from streams.enrich.channel import make_channel
from streams.enrich.geo import Lookup, make_geo
from streams.enrich.language import make_language
from streams.enrich.networks import Networks, make_network_of
from streams.enrich.page import make_page
from streams.enrich.referrer import make_referrer
from streams.enrich.sites import Table, make_sites, media_of
from streams.enrich.useragent import ReadAgent, make_useragent
from streams.enrich.zone import make_zone
from streams.records import Event

Enricher = Callable[[Event], None]


class Lookups(msgspec.Struct, frozen=True, kw_only=True):
    """The data the enrichments ask, opened elsewhere (``streams.enrich.sources``), with their versions."""

    read_agent: ReadAgent
    ua_version: str
    crawlers: Sequence[str]
    sites: Table
    networks: Networks = Networks()
    internal_hosts: Sequence[str] = ()
    zones: frozenset[str] = frozenset()
    city: Lookup | None = None
    asn: Lookup | None = None
    geo_version: str = ""
    app_version: str = ""


def make_steps(lookups: Lookups) -> tuple[Enricher, ...]:
    """The enrichments in their order; each needs only what those before it filled."""
    site_of = make_sites(lookups.sites)
    return (
        # what the agent and its hints say
        make_useragent(lookups.read_agent, lookups.ua_version),
        # the address is cut to its network by now, which is all that geo needs
        make_geo(lookups.city, lookups.asn, lookups.geo_version),
        # whether it is a program, by agent, hints, network: corrects dvce_type
        make_bots(lookups.crawlers, make_network_of(lookups.networks)),
        # the page's host tells internal referrers, its query the campaign; the channel is read off both
        make_page(),
        make_referrer(site_of, lookups.internal_hosts),
        make_campaign(),
        make_channel(site_of, media_of(lookups.sites)),
        # what the tracker said itself, in one spelling
        make_language(),
        make_zone(lookups.zones),
    )


def make_enricher(lookups: Lookups) -> Enricher:
    """A function that fills an event's enriched columns in place, and empties its client hints: they are read then."""
    steps, app_version = make_steps(lookups), lookups.app_version

    def enrich(event: Event) -> None:
        for step in steps:
            step(event)
        event.app_version = app_version
        if event.ua_hints:
            event.ua_hints = ""

    return enrich
