"""Encodes columns into ClickHouse's Native format, once: retries send the same bytes, and the bytes are what is hashed.

The driver encodes a column again at each attempt, item by item for UUIDs, times and low cardinality; this is the hot
path, so the types of our tables are encoded here, and every other type by the driver's own column classes.
Source: clickhouse.com/docs/interfaces/formats/Native; clickhouse-driver 0.2.11, columns/.
"""

import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import accumulate, chain
from typing import Any

from clickhouse_driver.bufferedwriter import BufferedSocketWriter
from clickhouse_driver.columns.service import get_column_by_spec
from clickhouse_driver.context import Context

# The hot path mixes ids, numbers and text by design: what a column may hold is said by its ClickHouse type.
Values = Sequence[Any]
Encoder = Callable[[Values], bytes]

_BUFFER = 1 << 16
_ARRAY_CODES = {
    "UInt8": "B", "Int8": "b", "UInt16": "H", "Int16": "h", "UInt32": "I", "Int32": "i", "UInt64": "Q", "Int64": "q",
    "Float32": "f", "Float64": "d", "DateTime64(3, 'UTC')": "q",
}  # fmt: skip
_LOW_CARDINALITY_VERSION = 1
_HAS_ADDITIONAL_KEYS, _NEED_UPDATE_DICTIONARY = 1 << 9, 1 << 10


@cache
def encoder(type_: str) -> Encoder:
    """How a column of ClickHouse type ``type_`` is encoded.

    The encoder raises TypeError, ValueError, OverflowError or AttributeError where a value does not fit.
    """
    if type_ in _ARRAY_CODES:
        return _numbers(_ARRAY_CODES[type_])
    if type_ in _ENCODERS:
        return _ENCODERS[type_]
    if type_.startswith("Nullable(") and type_[9:-1] in _ARRAY_CODES:
        return _nullable_numbers(_ARRAY_CODES[type_[9:-1]])
    if type_.startswith("Array(") and type_[6:-1] in (*_ARRAY_CODES, "String"):
        return _arrays(encoder(type_[6:-1]))
    return _by_driver(type_)


def _packed(numbers: "array[Any]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _numbers(code: str) -> Encoder:
    return lambda values: _packed(array(code, values))


def _nullable_numbers(code: str) -> Encoder:
    width = array(code).itemsize

    def encode(values: Values) -> bytes:
        if values.count(None) == len(values):
            return b"\1" * len(values) + bytes(width * len(values))
        absent = bytes([value is None for value in values])
        return absent + _packed(array(code, [0 if value is None else value for value in values]))

    return encode


def _uuids(values: Values) -> bytes:
    """Each UUID is two little-endian 64-bit numbers, the high one first: its 16 bytes with both halves turned round."""
    halves = array("Q", b"".join(values))
    if len(halves) != 2 * len(values):
        raise ValueError("a UUID is 16 bytes")
    halves.byteswap()
    return halves.tobytes()


class _Capture:
    """Takes what the driver's writer would send to a socket."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def sendall(self, part: bytes) -> None:
        self.parts.append(bytes(part))


def _strings(values: Values) -> bytes:
    if not any(values) and None not in values:
        return bytes(len(values))
    try:
        return _written(values)
    except UnicodeEncodeError:
        # A lone surrogate would poison the whole batch: it becomes a question mark.
        return _written([value.encode("utf-8", "replace").decode() for value in values])


def _written(values: Values) -> bytes:
    capture = _Capture()
    writer = BufferedSocketWriter(capture, _BUFFER)
    writer.write_strings(values, encoding="utf-8")
    writer.flush()
    return b"".join(capture.parts)


def _low_cardinality_strings(values: Values) -> bytes:
    if not values:
        return b""
    one = values.count(values[0]) == len(values)
    places = {values[0]: 0} if one else {value: place for place, value in enumerate(dict.fromkeys(values))}
    size = 0 if len(places) <= 1 << 8 else 1 if len(places) <= 1 << 16 else 2
    head = (_LOW_CARDINALITY_VERSION, _HAS_ADDITIONAL_KEYS | _NEED_UPDATE_DICTIONARY | size, len(places))
    keys = bytes(len(values)) if one else _packed(array("BHI"[size], map(places.__getitem__, values)))
    return b"".join((_packed(array("q", head)), _strings(list(places)), _packed(array("q", (len(values),))), keys))


def _offsets(values: Iterable[Any]) -> bytes:
    return _packed(array("Q", accumulate(map(len, values))))


def _arrays(inner: Encoder) -> Encoder:
    def encode(values: Values) -> bytes:
        return _offsets(values) + inner(list(chain.from_iterable(values)))

    return encode


def _string_maps(values: Values) -> bytes:
    keys, texts = list(chain.from_iterable(values)), list(chain.from_iterable(map(dict.values, values)))
    return _offsets(values) + _strings(keys) + _strings(texts)


_ENCODERS: dict[str, Encoder] = {
    "UUID": _uuids,
    "String": _strings,
    "LowCardinality(String)": _low_cardinality_strings,
    "Map(String, String)": _string_maps,
}


def _by_driver(type_: str) -> Encoder:
    """Any other type, as the driver does it."""
    context = Context()
    context.client_settings = {"use_numpy": False, "strings_as_bytes": False}
    context.settings = {"use_client_time_zone": True}

    def encode(values: Values) -> bytes:
        capture = _Capture()
        writer = BufferedSocketWriter(capture, _BUFFER)
        column = get_column_by_spec(type_, {"context": context, "types_check": False})
        items = list(values)  # the driver writes into it
        column.write_state_prefix(writer, items)
        column.write_data(items, writer)
        writer.flush()
        return b"".join(capture.parts)

    return encode
