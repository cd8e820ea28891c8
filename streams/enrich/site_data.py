"""Opens the tables written for Thalweg: known sites and networks of programs, with one's own lines over them."""

from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import yaml

from streams.enrich.networks import Networks, make_network_of
from streams.enrich.private_copy import version_of
from streams.enrich.sites import Table
from streams.errors import ConfigError

MEDIA = ("search", "shopping", "video", "social", "email", "ai", "paid")


def open_sites(path: Path | None = None) -> tuple[Table, str]:
    """The table of known sites, and its version. ``path``: lines of one's own, which go before the shipped ones.

    Raises ConfigError for what is no such table.
    """
    shipped = _shipped("referrers.yaml")
    table = msgspec.yaml.decode(shipped, type=dict[str, dict[str, list[str]]])
    if path is None:
        return table, version_of("referrers", shipped)
    own, content = _read(path, "enrich.referrers", dict[str, dict[str | int, list[str]]])
    if unknown := sorted(set(own) - set(MEDIA)):
        raise _unusable("enrich.referrers", path, f"there is no medium {unknown[0]!r}; media: {', '.join(MEDIA)}")
    for medium, sources in own.items():
        for source, hosts in sources.items():
            _forget(table, set(hosts))
            table.setdefault(medium, {})[str(source)] = [*table.get(medium, {}).get(str(source), []), *hosts]
    return table, version_of("referrers", content)


def _forget(table: dict[str, dict[str, list[str]]], hosts: set[str]) -> None:
    for sources in table.values():
        for listed in sources.values():
            listed[:] = [host for host in listed if host not in hosts]


def open_networks(path: Path | None = None) -> tuple[Networks, str]:
    """The table of networks of programs, and its version. ``path``: a table in place of the shipped one.

    Raises ConfigError for what is no such table.
    """
    shipped = _shipped("bot_networks.yaml")
    if path is None:
        return msgspec.yaml.decode(shipped, type=Networks), version_of("bot_networks", shipped)
    own, content = _read(path, "enrich.bot_networks", Networks)
    try:
        make_network_of(own)
    except ValueError as problem:
        raise _unusable("enrich.bot_networks", path, problem) from problem
    return own, version_of("bot_networks", content)


def _shipped(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()


def _read(path: Path, key: str, type_: Any) -> tuple[Any, bytes]:
    try:
        content = path.read_bytes()
        return msgspec.yaml.decode(content, type=type_), content
    except (OSError, yaml.YAMLError, msgspec.MsgspecError, UnicodeError) as problem:
        raise _unusable(key, path, problem) from problem


def _unusable(key: str, path: Path, problem: object) -> ConfigError:
    return ConfigError(f"{key}: {path} cannot be used: {problem}", "write it as docs/enrichments.md shows")
