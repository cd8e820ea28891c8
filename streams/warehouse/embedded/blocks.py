"""Blocks: the same bytes on the wire and in format Native but for the block info before them and the names of types.

Source: https://clickhouse.com/docs/interfaces/formats/Native; revision 54429 has no flag byte per column.
"""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.warehouse.embedded.types import layout_of
from streams.warehouse.embedded.wire import FrameError, Reader, int32, reader_of, string, varint

MAX_COLUMNS = 10_000
MAX_ROWS = 1 << 30
"""Rows in one block."""

BLOCK_INFO = b"\x01\x00" + b"\x02" + int32(-1) + b"\x00"
"""Field 1: no overflow row; field 2: bucket -1; end."""


class Column(NamedTuple):
    """A column's name and type, as the engine names it."""

    name: str
    type: str


def header_block(columns: Sequence[Column]) -> bytes:
    """A block of no rows in format Native."""
    return varint(len(columns)) + varint(0) + b"".join(string(c.name) + string(c.type) for c in columns)


def skip_block_info(reader: Reader) -> None:
    """Pass the block info that stands before a block on the wire."""
    while field := reader.varint():
        if field not in (1, 2):
            raise FrameError(101, f"unknown field {field} in a block's info")
        reader.skip(1 if field == 1 else 4)


def copy_block(reader: Reader, fd: int) -> int:
    """Pass one block without its info and write its bytes to ``fd``; gives its number of columns: 0 is the last block.

    Raises FrameError for a type it cannot walk or a size over the limits.
    """
    columns, rows = _size(reader)
    if columns:
        os.write(fd, varint(columns) + varint(rows))
        reader.start_copy(fd)
        _skip_columns(reader, columns, rows)
        reader.stop_copy()
    return columns


def skip_block(reader: Reader) -> int:
    """Pass one block without its info; gives its number of columns."""
    columns, rows = _size(reader)
    _skip_columns(reader, columns, rows)
    return columns


def rows_of(block: bytes) -> int:
    """Number of rows of the block that starts ``block``."""
    return _size(reader_of(block[:20]))[1]


def columns_of(native: bytes) -> list[Column]:
    """Names and types of the first block of a Native file; none where it holds no block."""
    if not native:
        return []
    reader = reader_of(native)
    count, rows = _size(reader)
    columns: list[Column] = []
    for _ in range(count):
        columns.append(Column(reader.string(), reader.string()))
        layout_of(columns[-1].type).pass_column(reader, rows)
    return columns


def blocks_of(native: bytes, columns: Sequence[Column] | None = None) -> Iterator[bytes]:
    """The blocks of a Native file, one by one, with their names and types replaced by ``columns``.

    chdb writes Native at revision 0, where the type ``DateTime('UTC')`` is just ``DateTime``.
    """
    reader = reader_of(native)
    view = memoryview(native)
    while reader.position < len(native):
        yield _retitled(reader, view, columns)


def _retitled(reader: Reader, view: memoryview, columns: Sequence[Column] | None) -> bytes:
    count, rows = _size(reader)
    if columns is not None and len(columns) != count:
        raise FrameError(20, "the engine's block has other columns than it described")
    parts: list[bytes | memoryview] = [varint(count), varint(rows)]
    for at in range(count):
        own = Column(reader.string(), reader.string())
        start = reader.position
        layout_of(own.type).pass_column(reader, rows)
        name, type_ = columns[at] if columns is not None else own
        parts += [string(name), string(type_), view[start : reader.position]]
    return b"".join(parts)


def _size(reader: Reader) -> tuple[int, int]:
    columns, rows = reader.varint(), reader.varint()
    if columns > MAX_COLUMNS or rows > MAX_ROWS:
        raise FrameError(307, f"a block of {columns} columns and {rows} rows is over the limit")
    return columns, rows


def _skip_columns(reader: Reader, columns: int, rows: int) -> None:
    for _ in range(columns):
        reader.string()
        layout_of(reader.string()).pass_column(reader, rows)
