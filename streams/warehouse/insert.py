"""One insert over the native protocol: encoded once, sent as often as it takes."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from clickhouse_driver import Client, defines
from clickhouse_driver.block import BlockInfo
from clickhouse_driver.connection import Connection
from clickhouse_driver.protocol import ClientPacketTypes
from clickhouse_driver.varint import write_varint
from clickhouse_driver.writer import write_binary_str, write_binary_uint8

from streams.errors import StoreError
from streams.warehouse.client import identifier
from streams.warehouse.failures import UNENCODABLE, Refused
from streams.warehouse.wire import encoder

MAX_BLOCK_ROWS = 1 << 20
"""Larger batches go as several blocks of one insert; the server remembers each under the insert's token."""


class EncodedBlock(msgspec.Struct, frozen=True):
    """Some rows of one table, column by column, as the wire carries them."""

    rows: int
    bodies: list[bytes]


class Encoded(msgspec.Struct, frozen=True):
    """All rows of one insert."""

    table: str
    columns: Mapping[str, str]
    blocks: list[EncodedBlock]

    @property
    def rows(self) -> int:
        return sum(block.rows for block in self.blocks)

    @property
    def digest(self) -> str:
        """Hash of the columns and every byte of the rows, 32 hex digits."""
        state = hashlib.blake2b(repr(list(self.columns.items())).encode(), digest_size=16)
        for block in self.blocks:
            for body in block.bodies:
                state.update(body)
        return state.hexdigest()


def encode(table: str, columns: Mapping[str, str], values: Sequence[Sequence[Any]]) -> Encoded:
    """Encodes ``values``, one sequence per column of ``columns`` (name → ClickHouse type), all of one length.

    UUIDs are 16 bytes, times integers in the column's unit. Raises Refused naming the column a value does not fit.
    """
    rows = len(values[0])
    starts = range(0, rows, MAX_BLOCK_ROWS)
    return Encoded(table, columns, [_block(table, columns, values, start, rows) for start in starts])


def _block(
    table: str, columns: Mapping[str, str], values: Sequence[Sequence[Any]], start: int, rows: int
) -> EncodedBlock:
    end = min(start + MAX_BLOCK_ROWS, rows)
    bodies = []
    for (name, type_), column in zip(columns.items(), values, strict=True):
        part = column if end - start == rows else column[start:end]
        if len(column) != rows:
            raise ValueError(f"column {name} of {table} has {len(column)} rows, not {rows}")
        try:
            bodies.append(encoder(type_)(part))
        except Exception:  # noqa: BLE001
            # The driver's and Python's messages may quote the value: name the column only.
            raise Refused(UNENCODABLE, table, name) from None
    return EncodedBlock(end - start, bodies)


class InsertClient(Client):  # type: ignore[misc]  # the driver has no types
    """The driver's client, sending blocks that are already encoded."""

    def insert(self, database: str, encoded: Encoded, settings: Mapping[str, object]) -> None:
        """Inserts all rows and waits for the server's word. Raises what the driver raises; then the end is in doubt."""
        names = ", ".join(map(identifier, encoded.columns))
        query = f"INSERT INTO {identifier(database)}.{identifier(encoded.table)} ({names}) VALUES"
        with self.disconnect_on_error(query, dict(settings)):
            self.connection.send_query(query)
            self.connection.send_external_tables(None)
            sample = self.receive_sample_block()
            _check_sample(encoded, dict(sample.columns_with_types))
            for block in encoded.blocks:
                _send(self.connection, encoded.columns, block)
                self.receive_profile_events()
            _send(self.connection, {}, EncodedBlock(0, []))
            self.receive_profile_events()
            self.receive_end_of_insert_query()


def _check_sample(encoded: Encoded, asked: dict[str, str]) -> None:
    """The server says what it wants: bytes of another type would be read as nonsense."""
    for name, type_ in encoded.columns.items():
        if asked.get(name) != type_:
            raise StoreError(
                f"the server asks for {encoded.table}.{name} as {asked.get(name, 'nothing')}, we send {type_}",
                "the table was changed while we ran: run `thalweg migrate` with this version, then start again",
            )


def _send(connection: Connection, columns: Mapping[str, str], block: EncodedBlock) -> None:
    """One Data packet. Source: clickhouse-driver 0.2.11, connection.py send_data and streams/native.py."""
    revision = connection.server_info.used_revision
    write_varint(ClientPacketTypes.DATA, connection.fout)
    if revision >= defines.DBMS_MIN_REVISION_WITH_TEMPORARY_TABLES:
        write_binary_str("", connection.fout)
    out = connection.block_out.fout
    if revision >= defines.DBMS_MIN_REVISION_WITH_BLOCK_INFO:
        BlockInfo().write(out)
    write_varint(len(columns), out)
    write_varint(block.rows, out)
    for (name, type_), body in zip(columns.items(), block.bodies, strict=True):
        write_binary_str(name, out)
        write_binary_str(type_, out)
        if revision >= defines.DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION:
            write_binary_uint8(0, out)
        out.write(body)
    connection.block_out.finalize()
