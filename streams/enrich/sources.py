"""Opens what the enrichments look things up in, by settings, and puts it together. The stage's only I/O is here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from streams.enrich.agent_data import open_agents, open_crawlers
from streams.enrich.enricher import Lookups
from streams.enrich.geo_file import open_default_city, open_geo
from streams.enrich.site_data import open_networks, open_sites
from streams.settings import EnrichSettings, GeoSettings

Opened = tuple[Any, str]
"""What was opened, and its version."""


def _open_city(path: Path | None) -> Opened | None:
    return open_geo(path, "geo.city") if path else open_default_city()


def _open_asn(path: Path | None) -> Opened | None:
    return open_geo(path, "geo.asn") if path else None


OPENERS: Mapping[str, Callable[[Path | None], Opened | None]] = {
    "geo.city": _open_city,
    "geo.asn": _open_asn,
    "enrich.agents": open_agents,
    "enrich.crawlers": open_crawlers,
    "enrich.referrers": open_sites,
    "enrich.bot_networks": open_networks,
}
"""Setting → what opens its file, or without one what Thalweg brings along. Each raises ConfigError for a bad file."""


def paths_of(geo: GeoSettings, enrich: EnrichSettings) -> dict[str, Path | None]:
    """The file each setting of OPENERS names."""
    sections = {"geo": geo, "enrich": enrich}
    return {key: getattr(sections[key.partition(".")[0]], key.partition(".")[2]) for key in OPENERS}


def compose(opened: Mapping[str, Opened | None], geo: GeoSettings, enrich: EnrichSettings, app_version: str) -> Lookups:
    """Look-ups of what was opened. A table of one's own is named in app_version; the shipped ones are the code's."""

    def get(key: str) -> Opened:
        return opened[key] or (None, "")

    paths = paths_of(geo, enrich)
    own = [get(key)[1] for key in ("enrich.referrers", "enrich.bot_networks") if paths[key]]
    return Lookups(
        read_agent=get("enrich.agents")[0],
        ua_version=f"{get('enrich.agents')[1]} {get('enrich.crawlers')[1]}",
        crawlers=get("enrich.crawlers")[0],
        sites=get("enrich.referrers")[0],
        networks=get("enrich.bot_networks")[0],
        internal_hosts=enrich.internal_hosts,
        zones=frozenset(available_timezones()),
        city=get("geo.city")[0],
        asn=get("geo.asn")[0],
        geo_version=" ".join(filter(None, (get("geo.city")[1], get("geo.asn")[1]))),
        app_version=" ".join([app_version, *own]),
    )


def open_lookups(geo: GeoSettings, app_version: str, enrich: EnrichSettings | None = None) -> Lookups:
    """Everything the enrichments ask, by settings. Raises ConfigError for a file that cannot be used."""
    enrich = enrich or EnrichSettings()
    paths = paths_of(geo, enrich)
    return compose({key: opener(paths[key]) for key, opener in OPENERS.items()}, geo, enrich, app_version)
