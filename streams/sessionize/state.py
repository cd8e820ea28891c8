"""How the fold's state lies in the table: bytes that a changelog can carry.

Every value starts with 8 bytes, big-endian: the enriched offset applied at its writing. A visitor's value goes on with
8 bytes each: the watermark and the arrival time at which it must be looked at, so that recovery reads no more; then the
length of its numbers, its numbers, and its texts, so that the texts can be kept apart.
"""

from struct import Struct

import msgspec

from streams.sessionize.block import Block
from streams.sessionize.due import NEVER
from streams.sessionize.fold import Session
from streams.sessionize.texts import Frame
from streams.sessionize.watermark import BEFORE_ALL, Heard

_VISITOR, _LONE_EVENT = b"v", b"e"
_HEAD = Struct(">qqqI")
_OFFSET = Struct(">q")
_COPY = Struct(">16sq")
COPY_BYTES = _COPY.size
NO_HITS = Block()


class VisitorState(msgspec.Struct, array_like=True, gc=False):
    """What is kept of one visitor. ``last_end`` is None before the first closed session."""

    closed: int = 0
    last_end: int | None = None
    sealed: Session | None = None
    hits: Block = NO_HITS
    is_single: bool = True
    """Whether the open part is one session, or nothing."""
    copies: bytes = b""
    """(event id, time) of copies that are not in ``hits``: sealed ones, and duplicates. By time."""
    frames: list[Frame] = []
    first_seen: int | None = None
    user_id: str = ""
    """Last one of the closed sessions that have any."""
    written: bytes | None = None
    """(event id, time) of the first events of open sessions whose rows are written; None: of all, if it is one."""
    written_at: int = BEFORE_ALL
    """The clock of their writing."""
    last: int = -1
    """Enriched offset of the visitor's last applied record."""
    capped_to: int | None = None
    """Sessions that start up to this time may hold duplicates: their ids were forgotten early."""
    deadline: int | None = None
    """Of the last closed session: what made it final lay beyond."""


class PartitionState(msgspec.Struct, array_like=True, gc=False):
    """The partition's own record: how far it has come."""

    applied: int = -1
    watermark: int = BEFORE_ALL
    topics: dict[str, Heard] = {}
    marks: dict[str, dict[int, tuple[int, int]]] = {}
    """Raw high-water mark (offset, index) per raw topic and partition."""
    clock: int = BEFORE_ALL


_encoder = msgspec.msgpack.Encoder()
_visitor_decoder = msgspec.msgpack.Decoder(VisitorState)
_texts_decoder = msgspec.msgpack.Decoder(list[bytes])
_own_decoder = msgspec.msgpack.Decoder(PartitionState)


def visitor_key(app_id: str, visitor_id: bytes) -> bytes:
    """Key of a visitor of an app."""
    return _VISITOR + visitor_id + app_id.encode("utf-8", "surrogatepass")


def lone_key(app_id: str, event_id: bytes) -> bytes:
    """Key of an event without visitor: each id has its own, for duplicates only (its copies share a partition)."""
    return _LONE_EVENT + event_id + app_id.encode("utf-8", "surrogatepass")


def is_lone(key: bytes) -> bool:
    """Whether the key is of an event without visitor."""
    return key[:1] == _LONE_EVENT


def key_parts(key: bytes) -> tuple[bytes, str]:
    """(visitor id or event id, app id)."""
    return key[1:17], key[17:].decode("utf-8", "surrogatepass")


def applied_of(value: bytes) -> int:
    """The enriched offset applied at the value's writing."""
    offset: int = _OFFSET.unpack_from(value)[0]
    return offset


def due_of(value: bytes) -> int:
    """The watermark at which the visitor must be looked at."""
    return int.from_bytes(value[8:16], "big", signed=True)


def refresh_of(value: bytes) -> int:
    """The arrival time at which rows of open sessions must be written again; NEVER when none changed."""
    return int.from_bytes(value[16:24], "big", signed=True)


def encode_visitor(applied: int, due: int, refresh: int, state: VisitorState, texts: list[bytes]) -> bytes:
    """A visitor's value."""
    numbers = _encoder.encode(state)
    return _HEAD.pack(applied, due, refresh, len(numbers)) + numbers + _encoder.encode(texts)


def encode_husk(applied: int) -> bytes:
    """A visitor with nothing left to keep but the offset, to be deleted by a later batch.

    Deleting at once would lose the offset: after a torn changelog (this key published, the partition's own record not)
    the batch is folded again, and this visitor's records in it would be taken for the first.
    """
    return _HEAD.pack(applied, BEFORE_ALL, NEVER, 0)


def is_husk(value: bytes) -> bool:
    """Whether the value is of ``encode_husk``."""
    return len(value) == _HEAD.size


def decode_visitor(value: bytes) -> tuple[VisitorState, list[bytes]]:
    """State and texts in a visitor's value."""
    if is_husk(value):
        return VisitorState(), []
    view = memoryview(value)
    end = texts_at(value)
    return _visitor_decoder.decode(view[_HEAD.size : end]), _texts_decoder.decode(view[end:])


def texts_at(value: bytes) -> int:
    """Where the texts of a visitor's value begin: a MessagePack array of their bytes."""
    return _HEAD.size + int.from_bytes(value[24:28], "big")


def encode_own(state: PartitionState) -> bytes:
    """The value under ``OWN_KEY``."""
    return _OFFSET.pack(state.applied) + _encoder.encode(state)


def decode_own(value: bytes) -> PartitionState:
    """The state in the partition's own value."""
    return _own_decoder.decode(memoryview(value)[8:])


def pack_copies(copies: list[tuple[bytes, int]]) -> bytes:
    """(event id, time) pairs, 24 bytes each."""
    pack = _COPY.pack
    return b"".join([pack(event_id, time) for event_id, time in copies])


def unpack_copies(data: bytes) -> list[tuple[bytes, int]]:
    """What ``pack_copies`` took."""
    return list(_COPY.iter_unpack(data))


def copy_time(data: bytes, at: int) -> int:
    """The time in packed copies at this place, a multiple of ``COPY_BYTES``."""
    return int.from_bytes(data[at + 16 : at + COPY_BYTES], "big", signed=True)
