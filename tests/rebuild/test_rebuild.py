"""Rebuild of a simulated store: differential, idempotent, dry, and mended after it died."""

import asyncio
from collections import defaultdict
from uuid import UUID

import pytest

from streams.rebuild.rebuild import Plan, run_rebuild
from streams.rebuild.report import Report
from streams.rebuild.scope import in_range
from streams.rebuild.writing import open_sink
from streams.sessionize.options import make_options_of

from .conftest import WINDOW, Database, with_early_copies

APPS = ("shop", "reader")
ALL_TIME = (0, 2**42)


def rebuild(
    database: Database,
    *,
    dry_run: bool = False,
    late_only: bool = False,
    written_rows: int = 50_000,
) -> Report:
    """All apps, all time."""

    async def run() -> Report:
        report = Report(dry_run=dry_run)
        async with open_sink(database.target, 1) as store:
            options_of = make_options_of(database.settings.sessions, database.settings.apps)
            plan = Plan(options_of, dry_run=dry_run, written_rows=written_rows)
            for app in APPS:
                scope = in_range(app, *ALL_TIME, late_only=late_only)
                await run_rebuild(plan, scope, database.warehouse, store, report)
        return report

    return asyncio.run(run())


def kept(database: Database) -> set[tuple[str, UUID, int, UUID]]:
    """Event rows less every copy that another one precedes within the window, by brute force."""
    copies: dict[tuple[str, UUID, UUID], list[int]] = defaultdict(list)
    for app, visitor, time, event_id, _ in database.events():
        copies[app, visitor, event_id].append(time)
    return {
        (app, visitor, time, event_id)
        for (app, visitor, event_id), times in copies.items()
        for time in times
        if not any(0 < time - before <= WINDOW for before in times)
    }


def outcomes(database: Database) -> dict[tuple[str, str], int]:
    """Raw events by outcome and reason."""
    rows = database.rows("SELECT outcome, reason, count() FROM {database}.outcomes FINAL GROUP BY outcome, reason")
    return {(outcome, reason): count for outcome, reason, count in rows}


def test_invariant_3_sessions_equal_gaps_and_islands_before_and_after(database: Database) -> None:
    """Over the events that are not late; after a rebuild over all, and every copy that must go is gone."""
    with_early_copies(database)
    expected = kept(database)
    late_before = sum(event[4] for event in database.events())
    assert database.sessions() == database.islands()
    assert database.visitors() == database.stitched()

    report = rebuild(database)

    assert late_before > 400
    assert {event[:4] for event in database.events()} == expected
    assert sum(event[4] for event in database.events()) == report.late_waiting == 0
    assert database.sessions() == database.islands()
    assert database.visitors() == database.stitched()
    assert (
        min(
            report.visitor_rows,
            report.sessions_added,
            report.sessions_changed,
            report.sessions_removed,
            report.late_adopted,
        )
        > 10
    )


def test_adopted_events_keep_their_outcome_and_beaten_ones_change_it(database: Database) -> None:
    """Late stays late; an accepted copy that an adopted one beats is a duplicate, with its record's size as before."""
    with_early_copies(database)
    sizes = "SELECT sum(size), sum(events), count() FROM {database}.outcomes FINAL"
    before, size = outcomes(database), database.rows(sizes)

    rebuild(database)

    after = outcomes(database)
    beaten = before["accepted", ""] - after["accepted", ""]
    assert beaten > 100
    assert after["duplicate", "copy"] == before["duplicate", "copy"] + beaten
    assert after["late", "lateness"] == before["late", "lateness"]
    assert database.rows(sizes) == size


def test_a_second_rebuild_writes_nothing(database: Database) -> None:
    """Not one row, in no table."""
    rebuild(database)
    written = database.physical_rows()

    report = rebuild(database)

    assert database.physical_rows() == written
    assert (report.visitors_changed, report.late_adopted, report.sessions) == (0, 0, [])
    assert report.visitors > 2000


def test_a_dry_run_tells_all_and_changes_nothing(database: Database) -> None:
    """Its report is that of the real one."""
    written = database.physical_rows()

    dry = rebuild(database, dry_run=True)

    assert database.physical_rows() == written
    real = rebuild(database)
    assert {**asdict(dry), "dry_run": False} == asdict(real)
    assert real.sessions_added > 10


def asdict(report: Report) -> dict[str, object]:
    """Field by field."""
    return {name: getattr(report, name) for name in report.__struct_fields__}


@pytest.mark.parametrize("written_rows", [150])
def test_however_much_is_written_at_a_time_the_rows_are_the_same(
    database: Database, never_died: dict[str, object], written_rows: int
) -> None:
    """What differs is written while more is read; where it is cut changes nothing."""
    with_early_copies(database)

    report = rebuild(database, written_rows=written_rows)

    assert database.contents() == never_died
    assert report.visitors > 2000


def test_only_visitors_in_scope_change(database: Database) -> None:
    """Those with an event in the range, or with a late one there; of them all sessions."""

    async def run(start: int, end: int, *, late_only: bool) -> Report:
        async with open_sink(database.target, 1) as store:
            options_of = make_options_of(database.settings.sessions, database.settings.apps)
            scope = in_range("shop", start, end, late_only=late_only)
            report = Report(dry_run=True)
            await run_rebuild(Plan(options_of, dry_run=True), scope, database.warehouse, store, report)
            return report

    hour = 1_772_704_800_000, 1_772_708_400_000  # 2026-03-05 10:00 to 11:00
    among = "app_id = 'shop' AND toStartOfHour(derived_tstamp) = toDateTime('2026-03-05 10:00:00', 'UTC')"
    counted = "SELECT uniqExact(visitor_id), uniqExactIf(visitor_id, is_late = 1) FROM {database}.events_v WHERE "
    ((everyone, with_late),) = database.rows(counted + among)

    assert asyncio.run(run(*hour, late_only=False)).visitors == everyone
    assert asyncio.run(run(*hour, late_only=True)).visitors == with_late
    assert asyncio.run(run(0, 1, late_only=False)).visitors == 0
    assert everyone > 10


def test_what_is_not_final_is_left_alone(database: Database) -> None:
    """A watermark in the middle: events after it neither adopted nor folded, and no row of theirs touched."""
    middle = 1_772_704_800_000
    database.rows(
        f"INSERT INTO {{database}}.progress SELECT generation, partition, applied + 1, {middle}"
        " FROM {database}.progress FINAL"
    )
    after = f"FROM {{database}}.sessions_v WHERE start_tstamp >= fromUnixTimestamp64Milli({middle}, 'UTC')"
    before = database.rows(f"SELECT session_id, version {after} ORDER BY session_id")

    report = rebuild(database)

    late_after = sum(event[4] for event in database.events())
    assert (report.late_adopted > 10, report.late_waiting) == (True, late_after)
    assert all(event[2] < middle for event in database.events() if event[2] < middle and not event[4])
    assert database.rows(f"SELECT session_id, version {after} ORDER BY session_id") == before
