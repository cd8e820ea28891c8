"""How many bytes a column of each type takes: blocks on the wire carry no length, so their end is found by walking.

Source: https://clickhouse.com/docs/interfaces/formats/Native and the serializations of the engine, checked by
round trips in tests/warehouse/embedded/test_types.py.
"""

import re
import struct
from collections.abc import Callable
from functools import lru_cache

from streams.warehouse.embedded.wire import FrameError, Reader

Skip = Callable[[Reader, int], None]
"""Passes n values of one type."""

_MAX_SPEC = 65_536
_MAX_DEPTH = 32
_MAX_ELEMENTS = 1 << 32
_NOT_IMPLEMENTED = 48

_WIDTHS = {
    "Bool": 1, "Int8": 1, "UInt8": 1, "Enum8": 1, "Nothing": 1,
    "Int16": 2, "UInt16": 2, "Enum16": 2, "Date": 2, "BFloat16": 2,
    "Int32": 4, "UInt32": 4, "Float32": 4, "Date32": 4, "DateTime": 4, "IPv4": 4, "Time": 4,
    "Int64": 8, "UInt64": 8, "Float64": 8, "DateTime64": 8, "Time64": 8,
    "Int128": 16, "UInt128": 16, "UUID": 16, "IPv6": 16,
    "Int256": 32, "UInt256": 32,
}  # fmt: skip
_DECIMAL_WIDTHS = ((9, 4), (18, 8), (38, 16), (76, 32))
_SPEC = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(?:\((.*)\))?\Z", re.DOTALL)
_QUOTED = {"'": "'", '"': '"', "`": "`"}


class Layout:
    """What a type's column looks like: ``prefix`` bytes once, then what ``skip`` passes."""

    def __init__(self, skip: Skip, prefix: int = 0) -> None:
        self.skip = skip
        self.prefix = prefix

    def pass_column(self, reader: Reader, rows: int) -> None:
        """Move ``reader`` behind the column. A column of no rows has no bytes at all."""
        if rows:
            reader.skip(self.prefix)
            self.skip(reader, rows)


@lru_cache(maxsize=4096)
def layout_of(spec: str) -> Layout:
    """The layout of the type named ``spec``. Raises FrameError (code 48) for a type this server does not carry."""
    if len(spec) > _MAX_SPEC:
        raise FrameError(_NOT_IMPLEMENTED, f"a type's name of {len(spec)} characters")
    return _layout(spec.strip(), 0)


def split_arguments(text: str) -> list[str]:
    """``a, f(b, c), 'd,e'`` → three parts: commas inside brackets or quotes do not part."""
    return [part.strip() for part in _split(text, ",")]


def _split(text: str, separator: str, most: int = -1) -> list[str]:
    parts: list[str] = []
    depth = start = at = 0
    while at < len(text) and len(parts) != most:
        char = text[at]
        if char in _QUOTED:
            at = _closing_quote(text, at)
        elif char == separator and not depth:
            parts.append(text[start:at])
            start = at + 1
        else:
            depth += (char == "(") - (char == ")")
        at += 1
    return [*parts, text[start:]]


def _closing_quote(text: str, at: int) -> int:
    quote = text[at]
    at += 1
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" else 1
    return at


def _layout(spec: str, depth: int) -> Layout:
    match = _SPEC.match(spec)
    if match is None or depth > _MAX_DEPTH:
        raise FrameError(_NOT_IMPLEMENTED, f"type {spec[:100]!r} is not carried by the embedded server")
    name, arguments = match[1], match[2] or ""
    if width := _WIDTHS.get(name) or _computed_width(name, arguments):
        return _fixed(width)
    if name == "String":
        return Layout(Reader.skip_strings)
    if make := _COMPOUND.get(name):
        return make([_layout(_element_type(part), depth + 1) for part in split_arguments(_inner(name, arguments))])
    raise FrameError(_NOT_IMPLEMENTED, f"type {spec[:100]!r} is not carried by the embedded server; cast it to String")


def _inner(name: str, arguments: str) -> str:
    """The part of the arguments that says what is stored: an aggregate's first argument is its function, and a
    dictionary has no null map (its first value stands for NULL)."""
    if name == "SimpleAggregateFunction":
        return _split(arguments, ",", 1)[-1]
    if name == "LowCardinality" and arguments.startswith("Nullable("):
        return arguments.removeprefix("Nullable(").removesuffix(")")
    return arguments


def _element_type(part: str) -> str:
    """``name Type`` or ``Type`` → ``Type``."""
    return _split(part, " ", 1)[-1].strip()


def _computed_width(name: str, arguments: str) -> int:
    if name.startswith("Interval"):
        return 8
    if name == "FixedString" and arguments.isdigit():
        return int(arguments)
    if name == "Decimal" and (precision := arguments.partition(",")[0].strip()).isdigit():
        return next((width for most, width in _DECIMAL_WIDTHS if int(precision) <= most), 0)
    return 0


def _fixed(width: int) -> Layout:
    return Layout(lambda reader, count: reader.skip(width * count))


def _nullable(parts: list[Layout]) -> Layout:
    (inner,) = _exactly(parts, 1)

    def skip(reader: Reader, count: int) -> None:
        reader.skip(count)
        inner.skip(reader, count)

    return Layout(skip, inner.prefix)


def _tuple(parts: list[Layout]) -> Layout:
    def skip(reader: Reader, count: int) -> None:
        for part in parts:
            part.skip(reader, count)

    return Layout(skip, sum(part.prefix for part in parts))


def _array(parts: list[Layout]) -> Layout:
    (inner,) = _exactly(parts, 1)

    def skip(reader: Reader, count: int) -> None:
        if not count:
            return
        reader.skip(8 * (count - 1))
        (elements,) = struct.unpack("<Q", reader.take(8))
        if elements > _MAX_ELEMENTS:
            raise FrameError(128, f"an array column of {elements} elements is over the limit")
        inner.skip(reader, elements)

    return Layout(skip, inner.prefix)


def _map(parts: list[Layout]) -> Layout:
    return _array([_tuple(_exactly(parts, 2))])


def _nested(parts: list[Layout]) -> Layout:
    return _array([_tuple(parts)])


def _low_cardinality(parts: list[Layout]) -> Layout:
    """Version once; then flags (low byte: width of a key), dictionary, keys."""
    (inner,) = _exactly(parts, 1)

    def skip(reader: Reader, count: int) -> None:
        if not count:
            return
        flags, values = struct.unpack("<QQ", reader.take(16))
        if flags & 0xFF > 3 or values > _MAX_ELEMENTS:
            raise FrameError(117, "a LowCardinality column is malformed")
        inner.skip(reader, values)
        (keys,) = struct.unpack("<Q", reader.take(8))
        if keys != count:
            raise FrameError(117, "a LowCardinality column holds another number of rows than its block")
        reader.skip(keys << (flags & 0xFF))

    return Layout(skip, 8)


def _exactly(parts: list[Layout], count: int) -> list[Layout]:
    if len(parts) != count:
        raise FrameError(_NOT_IMPLEMENTED, "a type has a wrong number of arguments")
    return parts


_COMPOUND: dict[str, Callable[[list[Layout]], Layout]] = {
    "Nullable": _nullable,
    "Array": _array,
    "Map": _map,
    "Tuple": _tuple,
    "Nested": _nested,
    "LowCardinality": _low_cardinality,
    "SimpleAggregateFunction": lambda parts: _exactly(parts, 1)[0],
}
