"""Opens databases in MaxMind's format."""

from contextlib import suppress
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any

import maxminddb

from streams.enrich.geo import Lookup
from streams.enrich.private_copy import private_copy
from streams.errors import ConfigError

_SAMPLES = 256


def open_geo(path: Path, key: str) -> tuple[Lookup, str]:
    """A look-up over a MaxMind-format file and its version, ``type/build time``.

    It reads a private copy, so that what happens to the file afterwards does not matter. An address of a family the
    file lacks, and a record the file holds broken, are unknown, not errors. Raises ConfigError naming the setting
    ``key`` when the file cannot be read, is no such database, or is damaged.
    """
    try:
        with private_copy(path) as copy:
            reader = maxminddb.open_database(str(copy))
        about = reader.metadata()
        _probe(reader, about.ip_version)
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


def _probe(reader: maxminddb.Reader, ip_version: int) -> None:
    """Walk a little of the tree and ask all over it: a damaged file often opens well, then InvalidDatabaseError comes.

    An intact file whose tree has no IPv4 part gives the library a network it cannot name (ValueError): no damage.
    """
    with suppress(ValueError):
        for _ in islice(reader, 100):
            pass
    for first in range(_SAMPLES):
        with suppress(ValueError):
            reader.get(f"{first}.{first * 7 % 256}.0.0")
            if ip_version == 6:
                reader.get(f"2{first:03x}:{first * 257 % 65536:x}::")


def open_default_city() -> tuple[Lookup, str] | None:
    """GeoLite2 City of 2018 from the package of the extra ``embedded``, if installed.

    Source: the distribution maxminddb-geolite2; it includes GeoLite2 data created by MaxMind, CC BY-SA 4.0.
    """
    try:
        path = resources.files("_maxminddb_geolite2").joinpath("GeoLite2-City.mmdb")
    except ModuleNotFoundError:
        return None
    return open_geo(Path(str(path)), "geo.city")
