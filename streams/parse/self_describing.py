"""Self-describing JSON: events and contexts that name their schema, plain or in base64.

Source: docs.snowplow.io, self-describing JSON; iglu:com.snowplowanalytics.snowplow/contexts and unstruct_event.
"""

import base64
import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from streams.memo import remember
from streams.outcome import Dead, Reason
from streams.parse.json_guard import decoded, unfit
from streams.parse.options import Check

MAX_CONTEXTS = 100
CONTEXTS = "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-"
EVENT = "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-"

_URI = re.compile(r"iglu:([A-Za-z0-9_.-]+)/([A-Za-z0-9_-]+)/jsonschema/([0-9]+-[0-9]+-[0-9]+)")


class Entity(msgspec.Struct, gc=False):
    """One self-describing value."""

    schema: str
    data: object


class _Contexts(msgspec.Struct):
    schema: str
    data: list[Entity]


class _Event(msgspec.Struct):
    schema: str
    data: Entity


W = TypeVar("W", _Contexts, _Event)

_contexts = msgspec.json.Decoder(_Contexts).decode
_event = msgspec.json.Decoder(_Event).decode


def _name(uri: str) -> tuple[str, str, str] | None:
    match = _URI.fullmatch(uri)
    return (match[1], match[2], match[3]) if match else None


name_of = remember(_name)
"""(vendor, name, version) of a schema's URI; None where it is none. Source: docs.snowplow.io, Iglu schema URIs."""


def read_contexts(plain: str | None, encoded: str | None, check: Check) -> list[Entity] | Dead:
    """The contexts of keys ``co`` and ``cx``, in this order; each with a schema's name, and none that breaks it."""
    entities: list[Entity] = []
    for text, is_encoded in ((plain, False), (encoded, True)):
        if text:
            found = _read(text, is_encoded, _contexts, CONTEXTS)
            if isinstance(found, Dead):
                return found
            entities += found.data
    if len(entities) > MAX_CONTEXTS:
        return Dead(Reason.TOO_LARGE, f"{len(entities)} contexts")
    for entity in entities:
        dead = _verdict(entity, check)
        if dead is not None:
            return dead
    return entities


def read_event(plain: str | None, encoded: str | None, check: Check) -> Entity | Dead:
    """The event of keys ``ue_pr`` or ``ue_px``."""
    text = plain or encoded
    if not text:
        return Dead(Reason.FIELD_MISSING, "ue_pr and ue_px")
    found = _read(text, not plain, _event, EVENT)
    if isinstance(found, Dead):
        return found
    return _verdict(found.data, check) or found.data


def _verdict(entity: Entity, check: Check) -> Dead | None:
    if name_of(entity.schema) is None:
        return Dead(Reason.SCHEMA_INVALID, f"no schema URI: {entity.schema[:200]}")
    return check(entity.schema, entity.data)


def _read(text: str, is_encoded: bool, decode: Callable[[bytes], W], wrapper: str) -> W | Dead:
    try:
        body = _unpack(text) if is_encoded else text.encode()
    except ValueError as error:
        return Dead(Reason.ENCODING, f"base64: {error}")
    dead = unfit(body)
    if dead is not None:
        return dead
    found = decoded(decode, body)
    if isinstance(found, Dead):
        return found
    if not found.schema.startswith(wrapper):
        return Dead(Reason.SCHEMA_INVALID, f"{found.schema[:200]} stands where {wrapper}x belongs")
    return found


def _unpack(text: str) -> bytes:
    """Bytes of base64, URL-safe or plain, with or without padding. Raises ValueError.

    A space is the ``+`` of a query string. Source: RFC 4648 §4, §5.
    """
    text = text.rstrip("=").replace("-", "+").replace("_", "/").replace(" ", "+")
    text += "=" * (-len(text) % 4)
    try:
        return msgspec.convert(text, bytes)  # as strict, at a fifth of the cost
    except msgspec.ValidationError:
        return base64.b64decode(text, validate=True)  # says what is wrong
