"""The addresses in what a log or a tracker calls the client's address: a list of proxies, ports, brackets."""

import re
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from streams.anonymize.ip import V4_BITS, V6_BITS, make_cut, truncate
from streams.memo import remember

_SHORTEST_ADDRESS, _SHORTEST_NAME = 4, 6
_PARTS = re.compile(r"[,;\s]+")
_NODE = re.compile(
    r'(?:for=)?"?'
    r"(?:\[([0-9A-Fa-f:.]+)(?:%[^\]]*)?\]|([0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)(?:%\S*)?|([0-9.]+))"
    r'(?::[0-9A-Za-z._-]+)?"?',
    re.IGNORECASE,
)
"""Source: RFC 7239 §6 (node, with port, IPv6 in brackets and quotes); RFC 4007 §11 (zone behind a per cent sign)."""


def addresses_of(value: str) -> tuple[str, ...]:
    """The addresses in a value such as ``203.0.113.9, [2001:db8::1]:443``, in order; none in a host's name.

    The first is the client, the others are proxies. Source: developer.mozilla.org/docs/Web/HTTP/Headers/X-Forwarded-For
    ("the leftmost IP address is the address of the originating client"); RFC 7239 §5.2.
    """
    nodes = [_NODE.fullmatch(part) for part in _PARTS.split(value)]
    found = [match[match.lastindex] for match in nodes if match is not None and match.lastindex is not None]
    return tuple(address for address in found if truncate(address))


def make_network(v4: int, v6: int) -> Callable[[str], str]:
    """A function from a value to the network of the first address in it, of so many bits; empty where it holds none."""
    cut = make_cut(v4, v6)

    def network(value: str) -> str:
        whole = cut(value)
        if whole:
            return whole
        addresses = addresses_of(value)
        return cut(addresses[0]) if addresses else ""

    return remember(network)


network_of = make_network(V4_BITS, V6_BITS)
"""The network (/24, /48) of the first address in a value; empty where it holds none."""


def _spellings(value: str) -> tuple[tuple[str, ...], bool]:
    if ":" not in value and truncate(value):
        return (value,), False  # there is no other way to write what inet_pton reads
    found = {value.lower()} if len(value) >= _SHORTEST_NAME else set()
    for text in (value,) if truncate(value) else addresses_of(value):
        address = ip_address(text)
        found |= {text.lower(), str(address), address.exploded}
        if isinstance(address, IPv6Address):
            found.add(":".join([group.lstrip("0") or "0" for group in address.exploded.split(":")]))
            if address.ipv4_mapped is not None:
                found.add(str(address.ipv4_mapped))
    spellings = tuple(sorted((text for text in found if len(text) >= _SHORTEST_ADDRESS), key=len, reverse=True))
    return spellings, any(text.upper() != text for text in spellings)


_remembered = remember(_spellings)


def is_spelled_once(value: str) -> bool:
    """Whether a value is no more than digits and dots, be they an address or none: there is one way to write it."""
    return len(value) >= _SHORTEST_NAME and value.isascii() and value.replace(".", "").isdigit()


def spellings_of(value: str) -> tuple[tuple[str, ...], bool]:
    """(every way in lower case to write a value or an address in it, longest first; whether letters are in them).

    What is spelled once is not worth a place in memory.
    """
    return ((value,), False) if is_spelled_once(value) else _remembered(value)
