"""Keyed hashes: the only way an id, a line or an address becomes a value that may leave the restricted zone.

HMAC-SHA-256, one key per purpose derived from the secret, so that equal inputs of two purposes share nothing.
Source: RFC 2104 (HMAC), RFC 5869 §3.2 (one key per purpose by an info string).
"""

import hashlib
import hmac
from collections.abc import Callable

MIN_SECRET_CHARS = 32
_VERSION_MASK = ~(0xF000 << 64) & ~(0xC000 << 48)
_VERSION_8 = (0x8000 << 64) | (0x8000 << 48)
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
"""Pads of HMAC's two hashes, as tables. Source: RFC 2104 §2."""

Digest = Callable[[bytes], bytes]


class Keys:
    """The hashes of one secret. Raises ValueError when the secret is shorter than MIN_SECRET_CHARS bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < MIN_SECRET_CHARS:
            raise ValueError(f"the secret has {len(secret)} bytes, at least {MIN_SECRET_CHARS} are needed")
        self._secret = secret

    def digest(self, purpose: str) -> Digest:
        """The 32-byte keyed hash for one purpose; cheap per call: the states that hold the key are only copied."""
        key = hmac.digest(self._secret, b"thalweg:" + purpose.encode(), "sha256")
        padded = key.ljust(hashlib.sha256().block_size, b"\0")
        inner = hashlib.sha256(padded.translate(_INNER)).copy
        outer = hashlib.sha256(padded.translate(_OUTER)).copy

        def digest(data: bytes) -> bytes:
            message, envelope = inner(), outer()
            message.update(data)
            envelope.update(message.digest())
            return envelope.digest()

        return digest

    def uuid(self, purpose: str) -> Digest:
        """16 bytes of a UUID of version 8 (RFC 9562 §5.8) made from the keyed hash."""
        digest = self.digest(purpose)
        return lambda data: as_uuid(digest(data))

    def number(self, purpose: str) -> Callable[[bytes], int]:
        """An unsigned 64-bit number made from the keyed hash."""
        digest = self.digest(purpose)
        return lambda data: int.from_bytes(digest(data)[:8], "big")

    def __repr__(self) -> str:
        return "Keys(…)"


def as_uuid(digest: bytes) -> bytes:
    """The first 128 bits of a digest as a UUID of version 8. Source: RFC 9562 §5.8."""
    number = int.from_bytes(digest[:16], "big")
    return ((number & _VERSION_MASK) | _VERSION_8).to_bytes(16, "big")


def join(*parts: str) -> bytes:
    """Parts as one unambiguous byte string: each with its length before it."""
    return b"".join([measured(part) for part in parts])


def measured(part: str) -> bytes:
    """A part with its length before it."""
    raw = part.encode("utf-8", "surrogatepass")
    return b"%d:%b" % (len(raw), raw)
