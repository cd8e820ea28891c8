import os
from pathlib import Path
from typing import Any

import pytest

from streams.enrich.geo import make_geo
from streams.enrich.geo_file import open_geo
from streams.errors import ConfigError
from tests.enrich.conftest import MakeEvent
from tests.enrich.mmdb import write_mmdb

FLAT_CITY = {
    "city": "Sydney", "country_code": "AU", "latitude": -33.87, "longitude": 151.21, "state1": "New South Wales",
    "timezone": "Australia/Sydney",
}  # fmt: skip
FLAT_ASN = {"asn": "AS3320", "as_name": "DTAG"}
NESTED = {
    "city": {"names": {"en": "Lyon"}},
    "country": {"iso_code": "FR"},
    "location": {"latitude": 45.7, "longitude": 4.8, "time_zone": "Europe/Paris"},
    "subdivisions": [{"iso_code": "ARA"}],
}
V4, V6 = "203.0.113.0/24", "2001:db8::/48"


@pytest.mark.parametrize(
    ("networks", "ip_version", "known"),
    [
        ((V4, V6), 6, {"203.0.113.0": True, "2001:db8::": True, "198.51.100.0": False}),
        ((V4,), 4, {"203.0.113.0": True, "2001:db8::": False, "198.51.100.0": False}),
        ((V6,), 6, {"203.0.113.0": False, "2001:db8::": True, "2001:db9::": False}),
    ],
    ids=["both", "v4 only", "v6 only"],
)
def test_files_of_either_family_are_read(
    make_event: MakeEvent, tmp_path: Path, networks: tuple[str, ...], ip_version: int, known: dict[str, bool]
) -> None:
    """Flat records, as DB-IP's conversions have them; an address of a family the file lacks is just unknown."""
    file = write_mmdb(tmp_path / "flat.mmdb", dict.fromkeys(networks, FLAT_CITY), ip_version=ip_version)
    asn = write_mmdb(tmp_path / "asn.mmdb", dict.fromkeys(networks, FLAT_ASN), ip_version=ip_version, kind="ASN")
    geo = make_geo(open_geo(file, "geo.city")[0], open_geo(asn, "geo.asn")[0], "v")
    for address, is_known in known.items():
        event = make_event(user_ipaddress=address)
        geo(event)
        found: tuple[Any, ...] = (
            event.geo_country, event.geo_region, event.geo_city, event.geo_latitude, event.geo_longitude,
            event.geo_timezone, event.asn_number, event.asn_organization,
        )  # fmt: skip

        sydney = ("AU", "New South Wales", "Sydney", -33.87, 151.21, "Australia/Sydney", 3320, "DTAG")
        assert found == (sydney if is_known else ("", "", "", None, None, "", 0, "")), address


def test_nested_records_are_read_by_the_same_code(make_event: MakeEvent, tmp_path: Path) -> None:
    """MaxMind's shape."""
    city, version = open_geo(write_mmdb(tmp_path / "nested.mmdb", {V4: NESTED}, built=7), "geo.city")
    event = make_event(user_ipaddress="203.0.113.0")
    make_geo(city, None, version)(event)

    assert (event.geo_country, event.geo_region, event.geo_city, event.geo_timezone, event.geo_version) == (
        "FR",
        "ARA",
        "Lyon",
        "Europe/Paris",
        "Test-City/7",
    )


def test_what_happens_to_the_file_afterwards_does_not_matter(tmp_path: Path) -> None:
    """It is truncated in place, and then gone: a mapped file would kill the process (SIGBUS)."""
    records = {f"10.{n >> 8}.{n & 255}.0/24": FLAT_CITY | {"city": f"Town {n}"} for n in range(5000)}
    file = write_mmdb(tmp_path / "city.mmdb", records)
    look_up, _ = open_geo(file, "geo.city")
    os.truncate(file, 10)
    record = look_up("10.19.135.0")
    assert record is not None
    assert record["city"] == "Town 4999"

    file.unlink()
    assert look_up("10.0.0.0") is not None


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    """Its description stands at the end."""
    file = write_mmdb(tmp_path / "city.mmdb", {V4: FLAT_CITY, V6: NESTED})
    os.truncate(file, int(file.stat().st_size * share))

    with pytest.raises(ConfigError, match=r"geo\.city.*city\.mmdb"):
        open_geo(file, "geo.city")


def test_a_file_whose_data_are_gone_is_refused(tmp_path: Path) -> None:
    """The tree and the description are whole, what they point at is not, far behind the file's first networks."""
    records = {f"{n}.{n * 7 % 256}.0.0/16": FLAT_CITY | {"city": f"Town {n}"} for n in range(1, 200)}
    file = write_mmdb(tmp_path / "city.mmdb", records)
    content = bytearray(file.read_bytes())
    start = content.index(b"Town 150") - 40
    content[start : content.rindex(b"\xab\xcd\xef")] = b"\xff" * (content.rindex(b"\xab\xcd\xef") - start)
    file.write_bytes(content)

    with pytest.raises(ConfigError, match=r"geo\.city"):
        open_geo(file, "geo.city")
