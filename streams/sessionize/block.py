"""Hits as bytes: what lies in the state of a visitor between two batches."""

import struct
from struct import Struct

import msgspec

from streams.sessionize.hit import Hit

_NARROW = Struct(">HI16sIHHBBBB")
"""Time and offset share the first six bytes."""
_WIDE = Struct(">q16sIIHHIIII")
_LOW24 = (1 << 24) - 1


class Block(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Sorted hits, one row of equal length each. Times of narrow rows count from ``base``; numbers are below 256."""

    base: int = 0
    is_wide: bool = False
    data: bytes = b""

    def __len__(self) -> int:
        return len(self.data) // self._row.size

    @property
    def _row(self) -> Struct:
        return _WIDE if self.is_wide else _NARROW

    def time(self, at: int) -> int:
        """Of the hit at a place; negative places count from the end."""
        size = self._row.size
        offset = size * at if at >= 0 else len(self.data) + size * at
        if self.is_wide:
            return int.from_bytes(self.data[offset : offset + 8], "big", signed=True)
        return self.base + int.from_bytes(self.data[offset : offset + 3], "big")

    def hit(self, at: int) -> Hit:
        """The hit at a place."""
        size = self._row.size
        offset = size * at if at >= 0 else len(self.data) + size * at
        (hit,) = Block(self.base, self.is_wide, self.data[offset : offset + size]).hits()
        return hit

    def hits(self) -> list[Hit]:
        """All."""
        if self.is_wide:
            return [Hit(*row) for row in _WIDE.iter_unpack(self.data)]
        base = self.base
        return [
            Hit(base + (high << 8 | low >> 24), event_id, fingerprint, low & _LOW24, *rest)
            for high, low, event_id, fingerprint, *rest in _NARROW.iter_unpack(self.data)
        ]

    def may_hold(self, event_id: bytes) -> bool:
        """False where no hit has this id."""
        return event_id in self.data

    def extended(self, hits: list[Hit]) -> "Block":
        """With these hits behind all others."""
        if not self.data:
            return pack(hits)
        try:
            return Block(
                self.base, self.is_wide, self.data + (_wide(hits) if self.is_wide else _narrow(self.base, hits))
            )
        except struct.error:
            return pack([*self.hits(), *hits])


def pack(hits: list[Hit]) -> Block:
    """Narrow if it can be."""
    if not hits:
        return Block()
    base = hits[0].time
    try:
        return Block(base, is_wide=False, data=_narrow(base, hits))
    except struct.error:
        return Block(base, is_wide=True, data=_wide(hits))


def _narrow(base: int, hits: list[Hit]) -> bytes:
    """Raises struct.error where a hit does not fit."""
    pack_row = _NARROW.pack
    return b"".join(
        [
            pack_row(
                (time := h.time - base) >> 8,
                (time & 255) << 24 | h.offset,
                h.id,
                h.fingerprint,
                h.lag,
                h.size,
                h.frame,
                h.page,
                h.origin,
                h.referrer,
            )
            for h in hits
        ]
    )


def _wide(hits: list[Hit]) -> bytes:
    return b"".join([_WIDE.pack(*msgspec.structs.astuple(hit)) for hit in hits])
