"""Writes a rebuild's rows in the order that lets the next one mend what this one leaves undone."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count

import msgspec
from clickhouse_driver import Client

from streams.outcome import Verdict
from streams.rebuild.reading import stored_outcomes
from streams.records import Event, Outcome, SessionRow
from streams.sessionize.rebuild import Rebuilt
from streams.warehouse.sink import Sink, TableRows
from streams.warehouse.target import Target

Store = Callable[[TableRows], Awaitable[None]]
"""Inserts rows and returns when the server has acknowledged them."""


@asynccontextmanager
async def open_sink(target: Target, generation: int) -> AsyncIterator[Store]:
    """The one sink as a Store. Its tokens name the content, so an insert sent twice counts once. Raises StoreError."""
    sink = Sink(target.clickhouse, target.password, generation=generation)
    sink.check()
    inserts = count(1)

    async def store(rows: TableRows) -> None:
        number = next(inserts)
        await sink.store(0, rows, (number, number))

    try:
        yield store
    finally:
        await sink.close()


async def write(rebuilt: Sequence[Rebuilt], client: Client, database: str, store: Store) -> None:
    """Sessions, then outcomes, then events.

    Events go last because they say what is still to do: a late event that is not adopted, a copy that is not removed.
    A rebuild that dies on the way leaves them, so the next one finds the same visitors and writes what is missing.
    """
    sessions: list[SessionRow] = [row for each in rebuilt for row in each.session_rows()]
    events: list[Event] = [event for each in rebuilt for event in (*each.adopted, *each.tombstones)]
    outcomes = changed_outcomes([loser for each in rebuilt for loser in each.losers], client, database)
    for rows in (TableRows(sessions=sessions), TableRows(outcomes=outcomes), TableRows(events=events)):
        if rows.sessions or rows.outcomes or rows.events:
            await store(rows)


def changed_outcomes(losers: Sequence[Outcome], client: Client, database: str) -> list[Outcome]:
    """The losers that were accepted, with what their rows say of their records; an adopted late one stays late."""
    places = [_place(loser) for loser in losers]
    stored = stored_outcomes(client, database, places)
    return [
        msgspec.structs.replace(loser, events=known[1], size=known[2])
        for loser, at in zip(losers, places, strict=True)
        if (known := stored.get(at)) is not None and known[0] == Verdict.ACCEPTED
    ]


def _place(outcome: Outcome) -> tuple[str, int, int, int]:
    return outcome.raw_topic, outcome.raw_partition, outcome.raw_offset, outcome.raw_index
