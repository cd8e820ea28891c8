"""Addresses cut to their network, so that they name a neighbourhood and no household."""

import socket
from collections.abc import Callable

from streams.memo import remember

V4_BITS, V6_BITS = 24, 48
"""The most that stay. Source: RFC 6177 (a site has a /48)."""
_MAPPED = bytes(10) + b"\xff\xff"
_SIX_TO_FOUR = b"\x20\x02"


def make_cut(v4: int, v6: int) -> Callable[[str], str]:
    """A function from an address to its network of ``v4`` or ``v6`` bits, still an address; IPv4-mapped IPv6 is IPv4.

    What is no address gives the empty string. Source: RFC 4291 §2.5.5.2 (IPv4-mapped).
    """

    def truncate_address(address: str) -> str:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            packed = socket.inet_pton(family, address)
        except (OSError, ValueError):
            return ""
        if family == socket.AF_INET:
            return socket.inet_ntop(family, _cut(packed, v4))
        if packed.startswith(_MAPPED):
            return socket.inet_ntop(socket.AF_INET, _cut(packed[12:], v4))
        # 6to4 holds a whole IPv4 address behind its first 16 bits (RFC 3056 §2): it is cut like one.
        bits = min(v6, 16 + v4) if packed.startswith(_SIX_TO_FOUR) else v6
        return socket.inet_ntop(family, _cut(packed, bits))

    return truncate_address


def _cut(packed: bytes, bits: int) -> bytes:
    size = len(packed)
    mask = ((1 << bits) - 1) << (8 * size - bits)
    return (int.from_bytes(packed, "big") & mask).to_bytes(size, "big")


truncate = remember(make_cut(V4_BITS, V6_BITS))
"""IPv4 to /24, IPv6 to /48."""
