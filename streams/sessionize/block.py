"""Hits as bytes: what lies in the state of a visitor between two batches."""

import struct
from struct import Struct

import msgspec

from streams.sessionize.hit import Hit

_NARROW = Struct(">I16sIIHHBBBB")
_WIDE = Struct(">q16sIIHHIIII")


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
        row = self._row
        offset = row.size * at if at >= 0 else len(self.data) + row.size * at
        if self.is_wide:
            return int.from_bytes(self.data[offset : offset + 8], "big", signed=True)
        return self.base + int.from_bytes(self.data[offset : offset + 4], "big")

    def hit(self, at: int) -> Hit:
        """The hit at a place."""
        row = self._row
        time, *rest = row.unpack_from(self.data, row.size * at if at >= 0 else len(self.data) + row.size * at)
        return Hit(time if self.is_wide else self.base + time, *rest)

    def hits(self) -> list[Hit]:
        """All."""
        base = 0 if self.is_wide else self.base
        return [
            Hit(base + time, event_id, fingerprint, offset, lag, size, frame, page, origin, referrer)
            for time, event_id, fingerprint, offset, lag, size, frame, page, origin, referrer in self._row.iter_unpack(
                self.data
            )
        ]

    def may_hold(self, event_id: bytes) -> bool:
        """False where no hit has this id."""
        return event_id in self.data

    def extended(self, hits: list[Hit]) -> "Block":
        """With these hits behind all others."""
        if not self.data:
            return pack(hits)
        try:
            return Block(self.base, self.is_wide, self.data + _rows(self._row, 0 if self.is_wide else self.base, hits))
        except struct.error:
            return pack([*self.hits(), *hits])


def pack(hits: list[Hit]) -> Block:
    """Narrow if it can be."""
    if not hits:
        return Block()
    base = hits[0].time
    try:
        return Block(base, is_wide=False, data=_rows(_NARROW, base, hits))
    except struct.error:
        return Block(base, is_wide=True, data=_rows(_WIDE, 0, hits))


def _rows(row: Struct, base: int, hits: list[Hit]) -> bytes:
    pack_row = row.pack
    return b"".join(
        [
            pack_row(h.time - base, h.id, h.fingerprint, h.offset, h.lag, h.size, h.frame, h.page, h.origin, h.referrer)
            for h in hits
        ]
    )
