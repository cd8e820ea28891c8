"""The rebuild: read visitors, fold them again, report the difference, write it."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec
from clickhouse_driver import Client

from streams.rebuild.progress import Reached, first_day, read_reached
from streams.rebuild.reading import SLICE_EVENTS, Reader
from streams.rebuild.report import Report
from streams.rebuild.scope import Scope
from streams.rebuild.writing import Store, write
from streams.sessionize.options import OptionsOf
from streams.sessionize.rebuild import Bounds, Rebuilt, rebuild

Announce = Callable[[Sequence[tuple[int, bytes, Rebuilt]]], Awaitable[None]]
"""Told (enriched partition, visitor's key, difference) of visitors before their rows are written."""


class Plan(msgspec.Struct, frozen=True):
    """What to do. ``adopts``: whether late events may join sessions. ``announce``: how live workers hear of it."""

    scope: Scope
    options_of: OptionsOf
    adopts: bool = True
    dry_run: bool = False
    slice_events: int = SLICE_EVENTS
    announce: Announce | None = None


async def run_rebuild(plan: Plan, client: Client, database: str, store: Store, report: Report | None = None) -> Report:
    """Rebuild all visitors in scope; counts go into ``report``. ``client`` is its own meanwhile.

    Memory: the rows of one slice that change, and one visitor. Raises what the driver and ``store`` raise; then some
    rows are written, and another run writes the rest.
    """
    report = Report(dry_run=plan.dry_run) if report is None else report
    reached = read_reached(client, database)  # before any row is read
    oldest = first_day(client, database, plan.scope.app_id)
    reader = Reader(client, database, plan.scope)
    slices = reader.slices(plan.slice_events)
    for number in range(slices):
        changed = _rebuild_slice(plan, reader, (number, slices), reached, oldest, report)
        if changed and not plan.dry_run:
            if plan.announce is not None:
                await plan.announce(changed)
            await write([rebuilt for _, _, rebuilt in changed], client, database, store)
    return report


def _rebuild_slice(
    plan: Plan, reader: Reader, part: tuple[int, int], reached: Reached, oldest: int, report: Report
) -> list[tuple[int, bytes, Rebuilt]]:
    options = plan.options_of(plan.scope.app_id)
    changed = []
    for key, stored in reader.visitors(*part):
        bounds = Bounds(reached.watermark(key), reached.generation, oldest, plan.adopts)
        rebuilt = rebuild(key, options, stored, bounds)
        report.add(rebuilt)
        if not rebuilt.is_empty:
            changed.append((reached.partition(key), key, rebuilt))
    return changed
