"""Writes a rebuild's rows in the order that lets the next one mend what this one leaves undone."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Literal

from clickhouse_driver import Client

from streams.rebuild.outcomes import changed_outcomes
from streams.sessionize.rebuilt import Rebuilt
from streams.warehouse.sink import Sink, TableRows
from streams.warehouse.target import Target

Store = Callable[[TableRows], Awaitable[None]]
"""Inserts rows and returns when the server has acknowledged them."""

Point = Literal[
    "rebuild.before_control",
    "rebuild.after_control",
    "rebuild.after_sessions",
    "rebuild.after_visitors",
    "rebuild.after_outcomes",
    "rebuild.after_events",
]
Reached = Callable[[Point], None]
"""Told of each effect, so that a test can stop a rebuild there."""


def silent(_point: Point) -> None:
    """In production nothing listens."""


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


async def write(
    rebuilt: Sequence[Rebuilt], client: Client, database: str, store: Store, reached: Reached = silent
) -> None:
    """Sessions, then visitors, outcomes, and events.

    Events go last because they say what is still to do: a late event that is not adopted, a copy that is not removed.
    A rebuild that dies on the way leaves them, so the next one finds the same visitors and writes what is missing.
    """
    outcomes = changed_outcomes([loser for each in rebuilt for loser in each.losers], client, database)
    steps: Mapping[Point, TableRows] = {
        "rebuild.after_sessions": TableRows(sessions=[row for each in rebuilt for row in each.session_rows()]),
        "rebuild.after_visitors": TableRows(visitors=[each.visitor for each in rebuilt if each.visitor]),
        "rebuild.after_outcomes": TableRows(outcomes=outcomes),
        "rebuild.after_events": TableRows(
            events=[event for each in rebuilt for event in (*each.adopted, *each.tombstones)]
        ),
    }
    for point, rows in steps.items():
        if rows != TableRows():
            await store(rows)
        reached(point)
