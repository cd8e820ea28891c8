"""Ids as keyed hashes: the same person stays the same, and no one without the key can say who it is."""

import struct
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

from streams.keys import Keys, join, measured
from streams.memo import remember
from streams.records import NO_ID

USER = "user_id"
SESSION = "domain_sessionid"
EVENT = "event_id"
PLACE = "event_id:coordinates"
PAYLOAD = "payload"

_INDEX = struct.Struct(">I")
_LONG = 1024
_COORDINATES = struct.Struct(">IQI")


def make_pseudonym(keys: Keys, purpose: str) -> Callable[[str], str]:
    """A function from an id to 32 hex characters; empty stays empty. Two purposes share no value."""
    uuid = keys.uuid(purpose)

    def pseudonym(value: str) -> str:
        return uuid(measured(value)).hex() if value else ""

    return remember(pseudonym)


def parse_uuid(text: str) -> bytes | None:
    """The 16 bytes of a UUID in its usual form, any case; None for all else and for the nil UUID."""
    if len(text) != 36 or not text[8] == text[13] == text[18] == text[23] == "-":
        return None
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return raw if len(raw) == 16 and raw != NO_ID else None


def make_event_id(keys: Keys) -> Callable[[str, str, str, int, int, int], bytes]:
    """A function of (tracker's id, header's id, raw topic, partition, offset, index) giving the event's 16 bytes.

    The tracker's id, else the header's (with the index, from the second event of a record on), else a keyed hash of the
    raw coordinates. What is no UUID becomes one by a keyed hash, so no id carries content of the input.
    """
    uuid, place = keys.uuid(EVENT), keys.uuid(PLACE)
    pack, topic_name = _COORDINATES.pack, remember(measured)

    def event_id(given: str, header: str, topic: str, partition: int, offset: int, index: int) -> bytes:
        if given:
            return parse_uuid(given) or uuid(measured(given))
        if header:
            return uuid(join(header, str(index))) if index else parse_uuid(header) or uuid(measured(header))
        return place(topic_name(topic) + pack(partition, offset, index))

    return event_id


def make_rotating_event_id(keys: Keys, rotating: Keys | None) -> Callable[[str, str, str, int, int, int], bytes]:
    """The same where the visitor's key rotates: nothing that content may have gone into outlives the key.

    Only a random UUID (versions 4 and 7) stays; one of another version may be made from a name or hold a hardware
    address. What is given is hashed with the ``rotating`` key; where that is forgotten (None) the coordinates count.
    Source: RFC 9562 §5.
    """
    place, topic_name = keys.uuid(PLACE), remember(measured)
    uuid = rotating.uuid(EVENT) if rotating is not None else None

    def event_id(given: str, header: str, topic: str, partition: int, offset: int, index: int) -> bytes:
        if given and given[14:15] in ("4", "7") and (random := parse_uuid(given)) is not None:
            return random
        if uuid is None or not (given or header):
            return place(topic_name(topic) + _COORDINATES.pack(partition, offset, index))
        return uuid(measured(given) if given else join(header, str(index)))

    return event_id


def make_fingerprint(keys: Keys) -> Callable[[bytes, int], int]:
    """A function of (raw record's bytes, index) giving an unsigned 64-bit keyed hash of the event's payload."""
    number = keys.number(PAYLOAD)
    digest = lru_cache(maxsize=2)(lambda value: blake2b(value, digest_size=32).digest())

    def fingerprint(value: bytes, index: int) -> int:
        if len(value) > _LONG:  # all events of a long body would hash all of it
            value = digest(value)
        return number(value + _INDEX.pack(index))

    return fingerprint
