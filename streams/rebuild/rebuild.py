"""The rebuild: read visitors, fold them again, report the difference, write it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from clickhouse_driver import Client

from streams.rebuild.progress import Reached as Watermarks
from streams.rebuild.progress import first_day, read_reached
from streams.rebuild.reading import Reader
from streams.rebuild.report import Report
from streams.rebuild.scope import Scope
from streams.rebuild.writing import Reached, Store, silent, write
from streams.sessionize.options import OptionsOf
from streams.sessionize.rebuild import rebuild
from streams.sessionize.rebuilt import Bounds, Rebuilt

Changed = tuple[int, bytes, Rebuilt]
"""Enriched partition, visitor's key, difference."""
Announce = Callable[[Sequence[Changed]], Awaitable[None]]
"""Told of visitors before their rows are written."""
Tell = Callable[[int, int], None]
"""How many events are read, of how many."""

WRITTEN_ROWS = 50_000
"""So many rows that differ are written at a time; so many wait in memory, and those of one visitor more."""
TOLD_EVERY = 5_000
"""Events."""


class Warehouse(msgspec.Struct, frozen=True):
    """Where rows are read. ``connect`` makes a client; a rebuild has several at a time."""

    connect: Callable[[], Client]
    database: str


class Plan(msgspec.Struct, frozen=True):
    """How to rebuild. ``adopts``: whether late events may join sessions. ``announce``: how live workers hear of it."""

    options_of: OptionsOf
    adopts: bool = True
    dry_run: bool = False
    written_rows: int = WRITTEN_ROWS
    announce: Announce | None = None
    tell: Tell | None = None
    reached: Reached = silent


async def run_rebuild(plan: Plan, scope: Scope, warehouse: Warehouse, store: Store, report: Report) -> None:
    """Rebuild all visitors in scope; counts go into ``report``.

    One pass over the tables. Memory: ``written_rows`` rows that change, one visitor's rows, and what ``Reader`` holds.
    Raises what the driver and ``store`` raise; then some rows are written, and another rebuild writes the rest.
    """
    client = warehouse.connect()
    try:
        marks = read_reached(client, warehouse.database)  # before any row is read
        oldest = first_day(client, warehouse.database, scope.app_id)
        work = _Work(plan, scope, client, warehouse, store, report)
        with Reader(warehouse.connect, warehouse.database, scope) as reader:
            await work.run(reader, marks, oldest)
    finally:
        client.disconnect()


class _Work:
    """One scope under way: what differs waits until it is worth an insert."""

    def __init__(
        self, plan: Plan, scope: Scope, client: Client, warehouse: Warehouse, store: Store, report: Report
    ) -> None:
        self._plan, self._scope, self._report = plan, scope, report
        self._client, self._database, self._store = client, warehouse.database, store
        self._changed: list[Changed] = []
        self._rows = 0

    async def run(self, reader: Reader, marks: Watermarks, oldest: int) -> None:
        """All visitors. ``oldest``: start of the oldest day that events are held of (ms)."""
        plan, options = self._plan, self._plan.options_of(self._scope.app_id)
        total, told = reader.count() if plan.tell else 0, 0
        for key, stored in reader.visitors():
            bounds = Bounds(marks.watermark(key), marks.generation, oldest, plan.adopts)
            self._note(marks.partition(key), key, rebuild(key, options, stored, bounds))
            if self._rows >= plan.written_rows:
                await self._write()
            if plan.tell and reader.read - told >= TOLD_EVERY:
                told = reader.read
                plan.tell(told, max(told, total))
            await asyncio.sleep(0)  # a word to stop is heard between two visitors
        await self._write()

    def _note(self, partition: int, key: bytes, rebuilt: Rebuilt) -> None:
        self._report.add(rebuilt)
        if not rebuilt.is_empty and not self._plan.dry_run:
            self._changed.append((partition, key, rebuilt))
            self._rows += rebuilt.rows

    async def _write(self) -> None:
        changed, self._changed, self._rows = self._changed, [], 0
        if not changed:
            return
        plan = self._plan
        plan.reached("rebuild.before_control")
        if plan.announce is not None:
            await plan.announce(changed)
        plan.reached("rebuild.after_control")
        rebuilt = [difference for _, _, difference in changed]
        await write(rebuilt, self._client, self._database, self._store, plan.reached)
