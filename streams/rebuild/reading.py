"""What the warehouse holds of the visitors in scope, streamed in one pass over each table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, Generic, Self, TypeVar

import msgspec
from clickhouse_driver import Client

from streams.rebuild.scope import IS_LONE, WHO, Scope
from streams.records import Event, SessionRow, VisitorRow
from streams.sessionize.rebuilt import Stored
from streams.sessionize.state import lone_key, visitor_key
from streams.warehouse.client import qualified
from streams.warehouse.columns import EVENTS, SESSIONS, VISITORS, Table

Who = tuple[int, str]
"""(1 for an event without visitor, id as text): in the order that rows are asked for, whatever the server's for UUIDs.

Source: clickhouse.com/docs/sql-reference/data-types/uuid: by its second half, for historical reasons.
"""

T = TypeVar("T")

BLOCK_ROWS = 4_096
"""Rows of a table in memory at once: what the server sends at a time."""
SPILL_BYTES = 256 << 20
"""Where the server sorts and groups more than this, it goes on on its disk."""
STREAMED: Mapping[str, object] = {
    "max_block_size": BLOCK_ROWS,
    "max_bytes_before_external_sort": SPILL_BYTES,
    "max_bytes_before_external_group_by": SPILL_BYTES,
    "max_execution_time": 0,
}


class Reader:
    """Reads visitors with all their rows: one query per table, sorted by visitor, kept in files and read side by side.

    Memory: one block of a table and what ``visitors`` gave last. On disk: the rows of the visitors in scope.
    """

    def __init__(self, connect: Callable[[], Client], database: str, scope: Scope) -> None:
        self._connect = connect
        self._database = database
        self._scope = scope
        self._open = ExitStack()
        self.read = 0
        """How many events were looked at."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        """Gives the files back."""
        self._open.close()

    def count(self) -> int:
        """How many events the visitors in scope have, beaten rows too."""
        query = f"SELECT count() FROM {{database}}.events WHERE app_id = %(app)s AND {WHO} IN ({self._scope.touched})"  # noqa: S608 - constants
        ((count,),) = list(self._rows(query))
        return int(count)

    def visitors(self) -> Iterator[tuple[bytes, Stored]]:
        """(key, rows) of each visitor. A visitor's events are read while they are looked at."""
        # Asked in this order: what an event's row tells is in the tables asked before, or is newer than their answer.
        sessions = Ahead(self._spool(self._records(SessionRow, SESSIONS), tuple[Who, SessionRow]))
        rows = Ahead(self._spool(self._records(VisitorRow, VISITORS), tuple[Who, VisitorRow]))
        versions = Ahead(self._spool(self._versions(), tuple[Who, int]))
        events = self._spool(self._events(), tuple[Who, Event])
        for who, found in groupby(events, key=itemgetter(0)):
            for passed, (version,) in versions.before(who):
                yield self._stored(passed, iter(()), version, sessions, rows)
            known = versions.at(who)
            if known:  # else it came after its versions were read
                yield self._stored(who, (self._told(event) for _, event in found), known[0], sessions, rows)
        for passed, (version,) in versions.before(None):
            yield self._stored(passed, iter(()), version, sessions, rows)

    def _stored(
        self, who: Who, events: Iterator[Event], version: int, sessions: "Ahead[SessionRow]", rows: "Ahead[VisitorRow]"
    ) -> tuple[bytes, Stored]:
        key = (lone_key if who[0] else visitor_key)(self._scope.app_id, bytes.fromhex(who[1].replace("-", "")))
        return key, Stored(events, sessions.at(who), version, next(iter(rows.at(who)), None))

    def _records(self, struct: Callable[..., T], table: Table) -> Iterator[tuple[Who, T]]:
        make = _maker(struct, table)
        query = f"""
        SELECT toString(t.visitor_id) AS who, {_select(table)} FROM {{database}}.{table.name} AS t FINAL
        WHERE app_id = %(app)s AND visitor_id IN ({self._scope.touched})
        ORDER BY who
        """  # noqa: S608 - constants
        return (((0, who), make(values)) for who, *values in self._rows(query))

    def _versions(self) -> Iterator[tuple[Who, int]]:
        """The highest version of all rows, tombstones and beaten ones too: a new row must beat them all."""
        touched = self._scope.touched
        query = f"""
        SELECT lone, toString(who) AS name, max(version)
        FROM
        (
            SELECT {IS_LONE} AS lone, {WHO} AS who, version FROM {{database}}.events
            WHERE app_id = %(app)s AND {WHO} IN ({touched})
            UNION ALL
            SELECT 0 AS lone, visitor_id AS who, version FROM {{database}}.sessions
            WHERE app_id = %(app)s AND visitor_id IN ({touched})
            UNION ALL
            SELECT 0 AS lone, visitor_id AS who, version FROM {{database}}.visitors
            WHERE app_id = %(app)s AND visitor_id IN ({touched})
        )
        GROUP BY lone, who
        ORDER BY lone, name
        """  # noqa: S608 - constants
        return (((lone, who), version) for lone, who, version in self._rows(query))

    def _events(self) -> Iterator[tuple[Who, Event]]:
        make = _maker(Event, EVENTS)
        query = f"""
        SELECT {IS_LONE} AS lone, toString({WHO}) AS who, {_select(EVENTS)}
        FROM {{database}}.events AS t FINAL
        WHERE app_id = %(app)s AND {WHO} IN ({self._scope.touched})
        ORDER BY lone, who, t.derived_tstamp, t.event_id
        """  # noqa: S608 - constants
        return (((lone, who), make(values)) for lone, who, *values in self._rows(query))

    def _told(self, event: Event) -> Event:
        self.read += 1
        return event

    def _spool(self, rows: Iterator[T], type_: Any) -> Iterator[T]:
        """Read all of them now, into a file without a name; gives them back from there.

        The embedded engine lets no other statement through while an answer waits to be taken, so no answer may be open
        beside another one, or while rows are written.
        """
        file = self._open.enter_context(TemporaryFile())  # noqa: SIM115 - it is the stack that closes it
        encode = msgspec.msgpack.Encoder().encode
        for row in rows:
            data = encode(row)
            file.write(len(data).to_bytes(4, "big") + data)
        file.seek(0)
        return _read_back(file, msgspec.msgpack.Decoder(type_))

    def _rows(self, query: str) -> Iterator[Sequence[Any]]:
        """Of a query on a connection of its own."""
        with self._connect() as client:
            yield from client.execute_iter(qualified(query, self._database), self._scope.params, settings=STREAMED)


def _read_back(file: IO[bytes], decoder: msgspec.msgpack.Decoder[T]) -> Iterator[T]:
    while size := file.read(4):
        yield decoder.decode(file.read(int.from_bytes(size, "big")))


class Ahead(Generic[T]):
    """Rows in order of ``Who``, of which one is always looked at before it is taken."""

    def __init__(self, rows: Iterator[tuple[Who, T]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def at(self, who: Who) -> list[T]:
        """Those of ``who``; what lies before is passed over."""
        for _ in self.before(who):
            pass
        found = []
        while self._next is not None and self._next[0] == who:
            found.append(self._next[1])
            self._next = next(self._rows, None)
        return found

    def before(self, who: Who | None) -> Iterator[tuple[Who, list[T]]]:
        """Those of all before ``who`` (None: of all that are left), one by one."""
        while self._next is not None and (who is None or self._next[0] < who):
            whose, row = self._next
            self._next = next(self._rows, None)
            yield whose, [row]


def _select(table: Table) -> str:
    """The table's columns as the records have them: times in milliseconds."""
    return ", ".join(
        f"toUnixTimestamp64Milli(t.{name})" if "DateTime64" in type_ else f"t.{name}"
        for name, type_ in table.columns.items()
    )


def _maker(struct: Callable[..., T], table: Table) -> Callable[[Any], T]:
    """Makes a record of one row's values."""
    names = list(table.columns)
    ids = [name for name, type_ in table.columns.items() if type_ == "UUID"]

    def make(values: Any) -> T:
        fields = dict(zip(names, values, strict=True))
        for name in ids:
            fields[name] = fields[name].bytes
        return struct(**fields)

    return make
