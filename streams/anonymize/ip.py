"""Addresses cut to their network, so that they name a neighbourhood and no household."""

import socket

from streams.memo import remember

_MAPPED = bytes(10) + b"\xff\xff"
_SIX_TO_FOUR = b"\x20\x02"


def _truncate(address: str) -> str:
    if ":" in address:
        return _truncate_v6(address)
    try:
        packed = socket.inet_pton(socket.AF_INET, address)
    except (OSError, ValueError):
        return ""
    return f"{packed[0]}.{packed[1]}.{packed[2]}.0"


def _truncate_v6(address: str) -> str:
    try:
        packed = socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):
        return ""
    if packed.startswith(_MAPPED):
        return f"{packed[12]}.{packed[13]}.{packed[14]}.0"
    # 6to4 holds a whole IPv4 address in its first 48 bits (RFC 3056 §2): its last byte goes too.
    kept = 5 if packed.startswith(_SIX_TO_FOUR) else 6
    return socket.inet_ntop(socket.AF_INET6, packed[:kept] + bytes(16 - kept))


truncate = remember(_truncate)
"""IPv4 to /24, IPv6 to /48, IPv4-mapped IPv6 as its IPv4; still an address. What is no address gives the empty string.

Source: RFC 4291 §2.5.5.2 (IPv4-mapped), RFC 6177 (a site has a /48).
"""
