"""Bodies that were sent compressed."""

import zlib
from collections.abc import Mapping

from streams.outcome import Dead, Reason

_PLAIN = frozenset({"", "identity"})
_WINDOW: Mapping[str, int] = {
    "gzip": zlib.MAX_WBITS | 32,
    "x-gzip": zlib.MAX_WBITS | 32,
    "deflate": zlib.MAX_WBITS | 32,
}
"""Bits for zlib: either header is found by itself. Source: zlib.net/manual.html, inflateInit2; RFC 9110 §8.4.1."""


def inflate(value: bytes, encoding: str, max_bytes: int) -> bytes | Dead:
    """The body behind a content encoding; never unpacks more than ``max_bytes`` and one.

    Dead: too_large; encoding, where it is broken, cut short, or an encoding that we do not read.
    """
    name = encoding.strip().lower()
    if name in _PLAIN:
        return value
    bits = _WINDOW.get(name)
    if bits is None:
        return Dead(Reason.ENCODING, f"content encoding {name[:64]}")
    stream = zlib.decompressobj(bits)
    try:
        body = stream.decompress(value, max_bytes + 1)
    except zlib.error as error:
        return Dead(Reason.ENCODING, f"{name}: {error}")
    if len(body) > max_bytes:
        return Dead(Reason.TOO_LARGE, f"more than {max_bytes} bytes inflated")
    return body if stream.eof else Dead(Reason.ENCODING, f"{name}: cut short")
