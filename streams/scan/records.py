"""The texts in a record of a topic, each with the name of its field where the record has names."""

from collections.abc import Iterator
from typing import Any

import msgspec

from streams.encode import decode
from streams.errors import ContractError

_STATE_HEADS = (24, 8, 0)
"""Bytes before the MessagePack in what the sessions worker keeps: of a visitor, of a partition; none elsewhere."""


def texts_of(value: bytes | None) -> Iterator[tuple[str, str]]:
    """(Field, text) of an enriched record; of other MessagePack its texts, of field "value"; else the bytes as text."""
    if not value:
        return
    try:
        record = decode(value)
    except ContractError:
        yield from (("value", text) for text in _unnamed(value))
        return
    for field, content in msgspec.structs.asdict(record).items():
        yield from ((field, text) for text in _leaves(content))


def _unnamed(value: bytes) -> Iterator[str]:
    for head in _STATE_HEADS:
        try:
            content = msgspec.msgpack.decode(value[head:])
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            continue
        if isinstance(content, list | dict):
            yield from _leaves(content)
            return
    yield value.decode("utf-8", "replace")


def _leaves(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, bytes):
        yield content.hex()
        yield content.decode("utf-8", "replace")
    elif isinstance(content, dict):
        for pair in content.items():
            yield from _leaves(list(pair))
    elif isinstance(content, list | tuple):
        for each in content:
            yield from _leaves(each)
