"""The enriched topic's wire format: one version byte, then MessagePack; and which partition a record goes to.

Source: github.com/msgpack/msgpack/blob/master/spec.md. Records are arrays led by their tag, so a reader ignores fields
a newer writer appended and fills in what an older one left out.
"""

from zlib import crc32

import msgspec

from streams.errors import ContractError
from streams.records import FORMAT_VERSION, NO_ID, Record

_VERSION = bytes((FORMAT_VERSION,))
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Record).decode


def encode(record: Record) -> bytes:
    """The record's bytes. Raises UnicodeEncodeError for text that is no Unicode (lone surrogates)."""
    return _VERSION + _pack(record)


def decode(value: bytes) -> Record:
    """The record of ``encode``'s bytes. Raises ContractError for another version, an unknown tag or broken bytes."""
    if value[:1] != _VERSION:
        raise ContractError(
            f"a record of the enriched topic has format {value[:1].hex() or 'none'}, not {FORMAT_VERSION}",
            "run the version that wrote it, or replay the raw topic into a new enriched topic",
        )
    try:
        record: Record = _unpack(memoryview(value)[1:])
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise ContractError(f"a record of the enriched topic cannot be read: {problem}") from problem
    return record


def partition_of(app_id: str, visitor_id: bytes, event_id: bytes, partitions: int) -> int:
    """The enriched partition of an event: CRC-32 of app and visitor (of the event id where there is none), modulo.

    Part of the contract: another number sends a visitor's events to another partition. The ids are keyed hashes, so
    plain CRC-32 spreads them evenly and nobody outside can aim at one partition.
    Source: RFC 1952 §8 (CRC-32).
    """
    return crc32(event_id if visitor_id == NO_ID else visitor_id, crc32(app_id.encode())) % partitions
