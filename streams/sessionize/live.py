"""Rows of open sessions (design.md §6 rules 5, 6, 9).

A visitor's rows are written together or not at all: what lies in the table is always the fold of one prefix of the
visitor's events, so no two rows overlap.
"""

from streams.records import SessionRow
from streams.sessionize.fold import Start
from streams.sessionize.rows import session_row, session_tombstone
from streams.sessionize.visitor import Visitor


def write_open(visitor: Visitor, clock: int, version: int) -> list[SessionRow]:
    """The rows due at the end of a batch, and the visitor's state as if they were written.

    ``version``: of the visitor's last applied record.
    """
    if visitor.is_lone:
        return []
    starts, interval_ms = visitor.open.starts, visitor.options.update_interval_ms
    gone = visitor.rows.due(starts.now, starts.vanished, clock, interval_ms)
    rows: list[SessionRow] = []
    if gone is not None:
        rows = _rows(visitor, starts.now, gone, version)
        visitor.rows.note_written(starts.now, clock)
    starts.vanished = set()
    visitor.rows.end_batch(interval_ms)
    return rows


def _rows(visitor: Visitor, starts: list[Start], gone: set[Start], version: int) -> list[SessionRow]:
    rows = [session_tombstone(visitor, start, version) for start in sorted(gone)]
    if starts:
        rows += [session_row(visitor, session, index, version, is_final=0) for session, index in visitor.sessions()]
    return rows
