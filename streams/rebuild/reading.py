"""What the warehouse holds of the visitors in scope, slice by slice, in bounded memory."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from clickhouse_driver import Client

from streams.rebuild.scope import IS_LONE, WHO, Scope
from streams.records import Event, SessionRow
from streams.sessionize.rebuild import Stored
from streams.sessionize.state import lone_key, visitor_key
from streams.warehouse.client import qualified
from streams.warehouse.columns import EVENTS, SESSIONS, Table

SLICE_EVENTS = 100_000
"""About how many events one slice of visitors has: one query's answer, and what may wait to be written."""

Who = tuple[int, bytes]
"""(1 for an event without visitor, id)."""

T = TypeVar("T")


PLACES = 2_000
"""Raw coordinates per statement: a statement may hold 256 KiB."""


class Reader:
    """Reads visitors with all their rows. A slice takes several queries: finish it before the client does more."""

    def __init__(self, client: Client, database: str, scope: Scope) -> None:
        self._client = client
        self._database = database
        self._scope = scope

    def slices(self, events: int = SLICE_EVENTS) -> int:
        """Into how many slices of about so many events the visitors fall."""
        query = f"SELECT count() FROM {{database}}.events WHERE app_id = %(app)s AND {WHO} IN ({self._scope.touched})"  # noqa: S608 - constants
        ((count,),) = self._execute(query)
        return -(-int(count) // events)

    def visitors(self, number: int, slices: int) -> Iterator[tuple[bytes, Stored]]:
        """(key, rows) of each visitor of one slice. A visitor's events are read while they are looked at."""
        part, of_visitor = (
            f"{who} IN ({self._scope.touched}) AND modulo(cityHash64({who}), {slices}) = {number}"
            for who in (WHO, "visitor_id")
        )
        sessions = self._sessions(of_visitor)
        versions = self._versions(part, of_visitor)
        for who, events in groupby(self._events(part), key=itemgetter(0)):
            version = versions.pop(who, None)
            if version is not None:  # else it came after its versions were read
                yield self._key(who), Stored((event for _, event in events), sessions.get(who[1], []), version)
        for who, version in versions.items():
            yield self._key(who), Stored((), sessions.get(who[1], []), version)

    def _key(self, who: Who) -> bytes:
        return (lone_key if who[0] else visitor_key)(self._scope.app_id, who[1])

    def _sessions(self, part: str) -> Mapping[bytes, list[SessionRow]]:
        rows: dict[bytes, list[SessionRow]] = defaultdict(list)
        make = _maker(SessionRow, SESSIONS)
        query = f"SELECT {_select(SESSIONS)} FROM {{database}}.sessions AS t FINAL WHERE app_id = %(app)s AND {part}"  # noqa: S608
        for values in self._execute(query):
            row = make(values)
            rows[row.visitor_id].append(row)
        return rows

    def _versions(self, part: str, of_visitor: str) -> dict[Who, int]:
        """The highest version of all rows, tombstones and beaten ones too: a new row must beat them all."""
        query = f"""
        SELECT lone, who, max(version)
        FROM
        (
            SELECT {IS_LONE} AS lone, {WHO} AS who, version FROM {{database}}.events
            WHERE app_id = %(app)s AND {part}
            UNION ALL
            SELECT 0 AS lone, visitor_id AS who, version FROM {{database}}.sessions
            WHERE app_id = %(app)s AND {of_visitor}
        )
        GROUP BY lone, who
        """  # noqa: S608 - constants
        return {(lone, who.bytes): version for lone, who, version in self._execute(query)}

    def _events(self, part: str) -> Iterator[tuple[Who, Event]]:
        make = _maker(Event, EVENTS)
        query = f"""
        SELECT {IS_LONE} AS lone, {WHO} AS who, {_select(EVENTS)}
        FROM {{database}}.events AS t FINAL
        WHERE app_id = %(app)s AND {part}
        ORDER BY lone, who, t.derived_tstamp, t.event_id
        """  # noqa: S608 - constants
        rows = self._client.execute_iter(qualified(query, self._database), self._scope.params)
        return (((lone, who.bytes), make(values)) for lone, who, *values in rows)

    def _execute(self, query: str) -> Any:
        return self._client.execute(qualified(query, self._database), self._scope.params)


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


def stored_outcomes(
    client: Client, database: str, places: list[tuple[str, int, int, int]]
) -> dict[tuple[str, int, int, int], tuple[str, int, int]]:
    """(outcome, events, size) of raw coordinates, asked for in statements of bounded size."""
    found = {}
    for start in range(0, len(places), PLACES):
        found.update(_outcomes_at(client, database, places[start : start + PLACES]))
    return found


def _outcomes_at(
    client: Client, database: str, places: list[tuple[str, int, int, int]]
) -> dict[tuple[str, int, int, int], tuple[str, int, int]]:
    rows = client.execute(
        qualified(
            "SELECT raw_topic, raw_partition, raw_offset, raw_index, outcome, events, size"
            " FROM {database}.outcomes FINAL"
            " WHERE (raw_topic, raw_partition, raw_offset, raw_index) IN %(places)s",
            database,
        ),
        {"places": tuple(places)},
    )
    return {(topic, *at): (outcome, events, size) for topic, *at, outcome, events, size in rows}
