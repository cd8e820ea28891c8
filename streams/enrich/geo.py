"""Place and network of an address that is already cut to its /24 or /48."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from streams.memo import NETWORKS, remember
from streams.records import Event

Lookup = Callable[[str], Mapping[str, Any] | None]
"""An address's record in a database; None where it has none. The record's shape is the database's own."""


class Spot(msgspec.Struct, frozen=True):
    """One address's answer, flat."""

    country: str = ""
    region: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None
    timezone: str = ""
    asn_number: int = 0
    asn_organization: str = ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, (int, float, str)) and value != "" else None
    except ValueError:
        return None


def _named(value: object) -> str:
    """The ISO code of a nested MaxMind place, else its English name."""
    if not isinstance(value, Mapping):
        return _text(value)
    names = value.get("names")
    return _text(value.get("iso_code")) or (_text(names.get("en")) if isinstance(names, Mapping) else "")


def _first(record: Mapping[str, Any], *names: str) -> object:
    return next((record[name] for name in names if record.get(name) not in (None, "")), None)


def read_city(record: Mapping[str, Any]) -> Spot:
    """A city or country record, nested (MaxMind, DB-IP's own) or flat (DB-IP, IPinfo and other conversions).

    Region is the first subdivision's ISO 3166-2 part where known, else its name.
    Source: dev.maxmind.com/geoip/docs/databases/city-and-country; db-ip.com/db/format/ip-to-city-lite/mmdb.html.
    """
    location = record.get("location")
    places = location if isinstance(location, Mapping) else record
    subdivisions = record.get("subdivisions")
    if isinstance(subdivisions, list):
        region = _named(subdivisions[0]) if subdivisions else ""
    else:
        region = _named(_first(record, "region_code", "region", "stateprov", "state1"))
    return Spot(
        country=_named(_first(record, "country_code", "country")),
        region=region,
        city=_named(record.get("city")),
        latitude=_number(_first(places, "latitude", "lat")),
        longitude=_number(_first(places, "longitude", "lng", "lon")),
        timezone=_text(_first(places, "time_zone", "timezone")),
    )


def read_asn(record: Mapping[str, Any]) -> tuple[int, str]:
    """(number, organization) of an autonomous system's record: MaxMind's names, or flat ones with ``AS15169``."""
    number = str(_first(record, "autonomous_system_number", "asn", "as_number") or "").upper().removeprefix("AS")
    organization = _first(record, "autonomous_system_organization", "as_name", "as_organization", "organization")
    return (int(number) if number.isascii() and number.isdigit() else 0), _text(organization)


def make_country(city: Lookup) -> Callable[[str], str]:
    """The country code of an address; empty where the database does not know it."""

    def country(address: str) -> str:
        record = city(address)
        return read_city(record).country if record else ""

    return remember(country)


def make_geo(city: Lookup | None, asn: Lookup | None, version: str) -> Callable[[Event], None]:
    """Fills geo_*, asn_* and geo_version, from whichever databases there are."""

    def look_up(address: str) -> Spot:
        spot = read_city(record) if city is not None and (record := city(address)) else Spot()
        if asn is not None and (record := asn(address)):
            number, organization = read_asn(record)
            spot = msgspec.structs.replace(spot, asn_number=number, asn_organization=organization)
        return spot

    known = remember(look_up, NETWORKS)
    nowhere = Spot()

    def geo(event: Event) -> None:
        event.geo_version = version
        if event.user_ipaddress and (spot := known(event.user_ipaddress)) != nowhere:
            event.geo_country = spot.country
            event.geo_region = spot.region
            event.geo_city = spot.city
            event.geo_latitude = spot.latitude
            event.geo_longitude = spot.longitude
            event.geo_timezone = spot.timezone
            event.asn_number = spot.asn_number
            event.asn_organization = spot.asn_organization

    return geo
