"""What a rebuild changes, for a person."""

import msgspec
from rich.console import Console
from rich.table import Table

from streams.cli.screen import cell
from streams.rebuild.report import AdoptedEvent, ChangedSession, Report

SHOWN = 20
"""Sessions, and events, shown to a person."""
_SIGNS = {"added": "+ added", "removed": "- removed", "changed": "~ changed"}
_TOLD = {"end_tstamp", "total_events", "session_index", "absolute_time_in_s", "is_new_visitor", "step_offsets_ms"}
"""Columns whose change shows already, or follows from one that does."""


def show(report: Report) -> None:
    """Counts, then the first sessions with what they were and are, then the first events adopted."""
    console = Console()
    counts = Table(title="rebuild, dry run" if report.dry_run else "rebuild", show_header=False)
    for name, value in msgspec.structs.asdict(report).items():
        if isinstance(value, int) and name != "dry_run":
            counts.add_row(name, f"{value:,}")
    console.print(counts)
    if report.sessions:
        console.print(_sessions(report))
    if report.events:
        console.print(_events(report))


def _sessions(report: Report) -> Table:
    total = report.sessions_added + report.sessions_changed + report.sessions_removed
    table = Table("", "visitor", "start", "end", "events", "index", "also", title="sessions", caption=_caption(total))
    for row in report.sessions[:SHOWN]:
        also = ", ".join(name for name in row.columns if name not in _TOLD)
        table.add_row(
            _SIGNS[row.change],
            row.visitor_id[:8],
            row.start[:19],
            _end(row),
            _turn(row.events_before, row.events_after),
            _turn(row.index_before, row.index_after),
            also,
        )
    return table


def _events(report: Report) -> Table:
    caption = _caption(report.late_adopted)
    table = Table("visitor", "time", "late by", "event", "page", title="events adopted", caption=caption)
    for event in report.events[:SHOWN]:
        table.add_row(event.visitor_id[:8], event.time[:19], _span(event), cell(event.event), cell(event.page_urlpath))
    return table


def _caption(total: int) -> str | None:
    return f"{SHOWN} of {total:,}; --json lists more" if total > SHOWN else None


def _end(row: ChangedSession) -> str:
    """Before and after where it moves; the time alone on the same day."""
    if row.change != "changed" or row.end == row.end_before:
        return row.end[:19]
    after = row.end[11:19] if row.end[:10] == row.end_before[:10] else row.end[:19]
    return f"{row.end_before[:19]} → {after}"


def _turn(before: int, after: int) -> str:
    return str(after) if before == after else f"{before or '–'} → {after or '–'}"


def _span(event: AdoptedEvent) -> str:
    hours, seconds = divmod(event.late_s, 3600)
    return f"{hours} h {seconds // 60:02} min" if hours else f"{seconds // 60} min {seconds % 60:02} s"
