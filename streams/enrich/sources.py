"""Opens what the enrichments look things up in: geo databases, agent patterns, known sites. The stage's only I/O."""

from contextlib import suppress
from importlib import metadata, resources
from itertools import islice
from pathlib import Path
from typing import Any

import maxminddb
import yaml
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser import Resolver
from ua_parser.core import Domain
from ua_parser.loaders import load_builtins
from ua_parser.regex import Resolver as RustResolver

from streams.enrich.enricher import Lookups
from streams.enrich.geo import Lookup
from streams.enrich.sites import Table
from streams.enrich.useragent import Agent, ReadAgent
from streams.errors import ConfigError
from streams.settings import GeoSettings


def open_agents() -> tuple[ReadAgent, str]:
    """A reader of agents (uap-core's patterns in Rust: linear in the text's length) and its version."""
    resolve: Resolver = RustResolver(load_builtins())

    def read(agent: str) -> Agent:
        found = resolve(agent, Domain.ALL)
        browser, system, device = found.user_agent, found.os, found.device
        return Agent(
            br_family=browser.family if browser else "",
            br_version=_dotted(browser.major, browser.minor, browser.patch) if browser else "",
            os_family=system.family if system else "",
            os_version=_dotted(system.major, system.minor, system.patch) if system else "",
            dvce_family=device.family if device else "",
        )

    return read, f"uap-core/{metadata.version('ua-parser-builtins')}"


def _dotted(*parts: str | None) -> str:
    known = [part for part in parts if part]
    return ".".join(known)


def open_crawlers() -> tuple[list[str], str]:
    """Patterns of crawlers' agents, and their version."""
    patterns = [entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA]
    return patterns, f"crawler-user-agents/{metadata.version('crawler-user-agents')}"


def open_sites() -> Table:
    """The table of known sites shipped in this package."""
    table: Table = yaml.safe_load(resources.files(__package__).joinpath("referrers.yaml").read_text(encoding="utf-8"))
    return table


def open_geo(path: Path, key: str) -> tuple[Lookup, str]:
    """A look-up over a MaxMind-format file and its version, ``type/build time``.

    An address of a family the file lacks, and a record the file holds broken, are unknown, not errors. Raises
    ConfigError naming the setting ``key`` when the file cannot be read, is no such database, or is damaged.
    """
    try:
        reader = maxminddb.open_database(str(path))
        about = reader.metadata()
        _probe(reader)
    except (OSError, maxminddb.InvalidDatabaseError, ValueError, TypeError) as problem:
        raise ConfigError(
            f"{key}: {path} is no readable MaxMind database: {problem}", "give the path of an intact .mmdb file"
        ) from problem

    def look_up(address: str) -> dict[str, Any] | None:
        try:
            record = reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None
        return record if isinstance(record, dict) else None

    return look_up, f"{about.database_type}/{about.build_epoch}"


def _probe(reader: maxminddb.Reader) -> None:
    """Walk a little of the tree, since a damaged file often opens well: then it raises InvalidDatabaseError.

    An intact file whose tree has no IPv4 part gives the library a network it cannot name (ValueError): no damage.
    """
    with suppress(ValueError):
        for _ in islice(reader, 100):
            pass


def open_default_city() -> tuple[Lookup, str] | None:
    """GeoLite2 City of 2018 from the package of the extra ``embedded``, if installed.

    Source: the distribution maxminddb-geolite2; it includes GeoLite2 data created by MaxMind, CC BY-SA 4.0.
    """
    try:
        path = resources.files("_maxminddb_geolite2").joinpath("GeoLite2-City.mmdb")
    except ModuleNotFoundError:
        return None
    return open_geo(Path(str(path)), "geo.city")


def open_lookups(settings: GeoSettings, app_version: str) -> Lookups:
    """Everything the enrichments ask, by settings. Raises ConfigError for a geo file that cannot be used."""
    city = open_geo(settings.city, "geo.city") if settings.city else open_default_city()
    asn = open_geo(settings.asn, "geo.asn") if settings.asn else None
    read_agent, ua_version = open_agents()
    crawlers, crawlers_version = open_crawlers()
    return Lookups(
        read_agent=read_agent,
        ua_version=f"{ua_version} {crawlers_version}",
        crawlers=crawlers,
        sites=open_sites(),
        city=city[0] if city else None,
        asn=asn[0] if asn else None,
        geo_version=" ".join(version for _, version in filter(None, (city, asn))),
        app_version=app_version,
    )
