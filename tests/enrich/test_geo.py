import json
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from streams.enrich.geo import make_geo, read_asn, read_city
from streams.enrich.geo_file import open_default_city, open_geo
from streams.errors import ConfigError
from tests.enrich.conftest import GEO, MakeEvent

needs_geo = pytest.mark.skipif(not GEO.exists(), reason="MaxMind's test databases (../shared) are not here")


def truth(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(First and last address of a network, its record), from the source the database was made of."""
    for networks in json.loads((GEO / "source-data" / f"{name}.json").read_text()):
        for network, record in networks.items():
            listed = ip_network(network, strict=False)
            for address in (listed.network_address, listed.broadcast_address):
                yield str(address).removeprefix("::ffff:"), record


@needs_geo
@pytest.mark.parametrize(
    "name",
    [
        "GeoLite2-City-Test",
        "GeoIP2-City-Test",
        "GeoLite2-Country-Test",
        "GeoIP2-Country-Test",
        "GeoIP2-Enterprise-Test",
        "GeoIP2-Precision-Enterprise-Test",
    ],
)
def test_every_network_of_a_city_or_country_file_is_read(make_event: MakeEvent, name: str) -> None:
    """IPv4 and IPv6, as the source says."""
    city, version = open_geo(GEO / "test-data" / f"{name}.mmdb", "geo.city")
    geo = make_geo(city, None, version)
    families = set()
    for address, record in truth(name):
        event = make_event(user_ipaddress=address)
        geo(event)
        place = record.get("location", {})
        subdivisions = record.get("subdivisions") or [{}]

        assert event.geo_country == record.get("country", {}).get("iso_code", ""), address
        assert event.geo_region == subdivisions[0].get("iso_code", ""), address
        assert event.geo_city == record.get("city", {}).get("names", {}).get("en", ""), address
        assert event.geo_latitude == place.get("latitude"), address
        assert event.geo_longitude == place.get("longitude"), address
        assert event.geo_timezone == place.get("time_zone", ""), address
        assert event.geo_version == version
        families.add(":" in address)

    assert families == {False, True}


@needs_geo
def test_every_network_of_an_asn_file_is_read(make_event: MakeEvent) -> None:
    """Number and organization, IPv4 and IPv6."""
    asn, version = open_geo(GEO / "test-data" / "GeoLite2-ASN-Test.mmdb", "geo.asn")
    geo = make_geo(None, asn, version)
    families = set()
    for address, record in truth("GeoLite2-ASN-Test"):
        event = make_event(user_ipaddress=address)
        geo(event)

        assert event.asn_number == record.get("autonomous_system_number", 0)
        assert event.asn_organization == record.get("autonomous_system_organization", "")
        families.add(":" in address)

    assert families == {False, True}


@needs_geo
@pytest.mark.parametrize(
    "name", ["MaxMind-DB-test-ipv4-24", "MaxMind-DB-string-value-entries", "MaxMind-DB-no-ipv4-search-tree"]
)
def test_an_address_of_a_family_the_file_lacks_is_unknown(make_event: MakeEvent, name: str) -> None:
    """A file of IPv4 only, one of strings, one without IPv4: no error, no place."""
    city, version = open_geo(GEO / "test-data" / f"{name}.mmdb", "geo.city")
    for address in ("1.1.1.0", "2001:db8::"):
        event = make_event(user_ipaddress=address)
        make_geo(city, None, version)(event)

        assert (event.geo_country, event.geo_latitude) == ("", None)


@needs_geo
@pytest.mark.parametrize(
    "name",
    [
        "test-data/GeoIP2-City-Test-Invalid-Node-Count.mmdb",
        "test-data/MaxMind-DB-test-broken-pointers-24.mmdb",
        "test-data/MaxMind-DB-test-broken-search-tree-24.mmdb",
        "test-data/GeoIP2-City-Test-Broken-Double-Format.mmdb",
        "source-data/GeoLite2-ASN-Test.json",
        "test-data",
        "absent.mmdb",
    ],
)
def test_damaged_files_are_refused_with_key_file_and_mend(name: str) -> None:
    """At start, not at the first event that meets the damage."""
    with pytest.raises(ConfigError) as refused:
        open_geo(GEO / name, "geo.city")

    assert "geo.city" in str(refused.value)
    assert Path(name).name in str(refused.value)
    assert refused.value.mend


FLAT = {
    "DB-IP style": (
        {
            "city": "Sydney",
            "country_code": "AU",
            "latitude": -33.8,
            "longitude": 151.2,
            "state1": "New South Wales",
            "timezone": "Australia/Sydney",
        },
        ("AU", "New South Wales", "Sydney", -33.8, 151.2, "Australia/Sydney"),
    ),
    "IPinfo style": (
        {
            "city": "Berlin",
            "country": "DE",
            "lat": "52.5",
            "lng": "13.4",
            "region": "Berlin",
            "region_code": "BE",
            "timezone": "Europe/Berlin",
        },
        ("DE", "BE", "Berlin", 52.5, 13.4, "Europe/Berlin"),
    ),
    "DB-IP nested, names only": (
        {
            "city": {"names": {"en": "Lyon"}},
            "country": {"iso_code": "FR"},
            "subdivisions": [{"names": {"en": "Rhône"}}],
            "location": {"latitude": 45.7, "longitude": 4.8},
        },
        ("FR", "Rhône", "Lyon", 45.7, 4.8, ""),
    ),
    "nothing": ({}, ("", "", "", None, None, "")),
    "odd types": (
        {"city": 3, "country": None, "subdivisions": [], "location": {"latitude": "x"}},
        ("", "", "", None, None, ""),
    ),
}


@pytest.mark.parametrize(("record", "expected"), FLAT.values(), ids=list(FLAT))
def test_flat_and_nested_records_are_read(record: dict[str, Any], expected: tuple[object, ...]) -> None:
    """Whatever maker the file has."""
    spot = read_city(record)

    assert (spot.country, spot.region, spot.city, spot.latitude, spot.longitude, spot.timezone) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"asn": "AS15169", "as_name": "Google LLC"}, (15169, "Google LLC")),
        ({"as_number": 3320, "as_organization": "DTAG"}, (3320, "DTAG")),
        ({"asn": "unknown"}, (0, "")),
        ({}, (0, "")),
    ],
)
def test_flat_asn_records_are_read(record: dict[str, Any], expected: tuple[int, str]) -> None:
    """Numbers with or without AS before them."""
    assert read_asn(record) == expected


def test_an_address_is_looked_up_once(make_event: MakeEvent) -> None:
    """Equal networks share one answer."""
    asked: list[str] = []

    def city(address: str) -> dict[str, Any]:
        asked.append(address)
        return {"country": {"iso_code": "DE"}}

    geo = make_geo(city, None, "1")
    events = [make_event(user_ipaddress="192.0.2.0") for _ in range(3)]
    for event in events:
        geo(event)

    assert asked == ["192.0.2.0"]
    assert [event.geo_country for event in events] == ["DE"] * 3


def test_the_embedded_database_knows_a_network(make_event: MakeEvent) -> None:
    """GeoLite2 of 2018, the default; its version is on the row."""
    opened = open_default_city()
    assert opened is not None
    event = make_event(user_ipaddress="8.8.8.0")
    make_geo(opened[0], None, opened[1])(event)

    assert event.geo_country == "US"
    assert event.geo_version.startswith("GeoLite2-City/15")
