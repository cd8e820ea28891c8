"""Packets: what the server says and hears, at the one revision it speaks.

Source: the engine's src/Core/Protocol.h and ProtocolDefines.h, and clickhouse-driver 0.2.11's connection.py.
"""

from typing import NamedTuple

from streams.warehouse.embedded.blocks import BLOCK_INFO
from streams.warehouse.embedded.wire import FrameError, Reader, int32, string, varint

REVISION = 54429
"""Settings travel as strings; blocks are as in format Native. Later ones add flag bytes, chunks and addenda."""

HELLO, QUERY, DATA, CANCEL, PING = range(5)
"""Packets of the client."""

PONG = varint(4)
END_OF_STREAM = varint(5)
DATA_HEAD = varint(1) + string("") + BLOCK_INFO
"""What stands before a block in format Native in a Data packet."""

MAX_QUERY = 64 << 20
"""Longest query text, bytes."""
_MAX_SETTINGS = 10_000
_IMPORTANT = 1


class Hello(NamedTuple):
    """Who asks."""

    revision: int
    database: str
    user: str
    password: str


class Setting(NamedTuple):
    """One setting of a query; an unknown one is an error only if it is ``important``, as in the engine's server."""

    name: str
    value: str
    important: bool


class Query(NamedTuple):
    """One statement with its settings."""

    settings: list[Setting]
    compressed: bool
    text: str


def read_hello(reader: Reader) -> Hello:
    """The client's first packet. Raises FrameError for anything else."""
    if (packet := reader.varint()) != HELLO:
        raise FrameError(101, f"packet {packet} where Hello belongs: not a native-protocol client")
    reader.string()  # the client's name
    reader.varint()  # its version, major and minor
    reader.varint()
    return Hello(reader.varint(), reader.string(), reader.string(), reader.string())


def hello(version: str, name: str) -> bytes:
    """The server's answer. ``version`` is the engine's, ``a.b.c…``."""
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    numbers = varint(major) + varint(minor) + varint(REVISION)
    return varint(0) + string("ClickHouse") + numbers + string("UTC") + string(name) + varint(patch)


def read_query(reader: Reader) -> Query:
    """A Query packet behind its number."""
    reader.string()  # query id
    if reader.byte():  # kind of query; 0 means no client info follows
        _skip_client_info(reader)
    settings = _read_settings(reader)
    reader.varint()  # stage
    return Query(settings, bool(reader.varint()), reader.string(MAX_QUERY))


def exception(code: int, message: str) -> bytes:
    """An Exception packet."""
    name, trace, nested = string("DB::Exception"), string(""), b"\x00"
    return varint(2) + int32(code) + name + string(f"DB::Exception: {message}") + trace + nested


def _skip_client_info(reader: Reader) -> None:
    """Source: ClientInfo::write of the engine up to revision 54429."""
    for _ in range(3):
        reader.string()  # initial user, query id, address
    if (interface := reader.byte()) != 1:
        raise FrameError(101, f"interface {interface} in the client info: only the native one is spoken here")
    for _ in range(3):
        reader.string()  # OS user, host name, client name
    for _ in range(3):
        reader.varint()  # version, revision
    reader.string()  # quota key
    reader.varint()  # patch


def _read_settings(reader: Reader) -> list[Setting]:
    settings: list[Setting] = []
    while name := reader.string():
        if len(settings) >= _MAX_SETTINGS:
            raise FrameError(101, "too many settings")
        flags = reader.byte()
        settings.append(Setting(name, reader.string(), bool(flags & _IMPORTANT)))
    return settings
