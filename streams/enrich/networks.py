"""Networks that programs come from: crawlers' own, and those of hosting companies."""

import socket
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_network

import msgspec

from streams.memo import NETWORKS, remember

CRAWLER_NETWORK = "crawler_network"
HOSTING = "hosting"

NetworkOf = Callable[[str, int], str]
"""(Address, AS number) → indicator, or ""."""


class Owner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one owner."""

    networks: list[str] = []
    asns: list[int] = []


class Networks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table bot_networks.yaml: name → its networks and autonomous systems."""

    crawlers: Mapping[str, Owner] = {}
    hosting: Mapping[str, Owner] = {}


def make_network_of(table: Networks) -> NetworkOf:
    """A function from an address and its AS number to ``crawler_network``, ``hosting`` or "".

    The address may be cut to its /24 or /48, so networks are that long at most. Raises ValueError for what is no
    network or is longer.
    """
    systems = {asn: HOSTING for owner in table.hosting.values() for asn in owner.asns}
    systems |= {asn: CRAWLER_NETWORK for owner in table.crawlers.values() for asn in owner.asns}
    inside = _make_inside(
        [(net, HOSTING) for owner in table.hosting.values() for net in owner.networks]
        + [(net, CRAWLER_NETWORK) for owner in table.crawlers.values() for net in owner.networks]
    )

    def network_of(address: str, asn: int) -> str:
        return inside(address) or (systems.get(asn, "") if asn else "")

    return network_of


def _make_inside(networks: Iterable[tuple[str, str]]) -> Callable[[str], str]:
    """The longest network that holds an address decides."""
    listed: dict[int, dict[tuple[int, int], str]] = {socket.AF_INET: {}, socket.AF_INET6: {}}
    for text, indicator in networks:
        network = ip_network(text)
        family, longest = (socket.AF_INET, 24) if network.version == 4 else (socket.AF_INET6, 48)
        if network.prefixlen > longest:
            raise ValueError(f"{text} is longer than the /{longest} that addresses are cut to")
        shift = network.max_prefixlen - network.prefixlen
        listed[family][shift, int(network.network_address) >> shift] = indicator
    shifts = {family: sorted({shift for shift, _ in found}) for family, found in listed.items()}

    def look_up(address: str) -> str:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            number = int.from_bytes(socket.inet_pton(family, address))
        except (OSError, ValueError):
            return ""
        found = listed[family]
        return next(
            (found[shift, number >> shift] for shift in shifts[family] if (shift, number >> shift) in found), ""
        )

    return remember(look_up, NETWORKS)
