"""Rows of open sessions (design.md §6 rules 5, 6, 9): when they are written, and what takes one away again.

A visitor's rows are written together or not at all: what lies in the table is always the fold of one prefix of the
visitor's events, so no two rows overlap.
"""

from streams.records import SessionRow
from streams.sessionize.due import NEVER
from streams.sessionize.fold import Start
from streams.sessionize.rows import session_row, session_tombstone
from streams.sessionize.visitor import Visitor


def write_open(visitor: Visitor, clock: int, version: int) -> list[SessionRow]:
    """The rows due at the end of a batch, and the visitor's state as if they were written.

    Due are all open sessions and tombstones when a session began after any single record of the batch, or closed, or
    none is left, or when the rows written last are ``update_interval`` old by the arrival ``clock`` and something
    changed since. Each holds in a batch when it holds in a part of it: so a worker that died after the insert of such a
    part left nothing that this batch does not write over. ``version``: of the visitor's last applied record.
    """
    if visitor.is_lone:
        return []
    starts, seen, written = visitor.starts(), visitor.seen, visitor.written
    is_due = bool(visitor.closed_now) or not starts or not written.issuperset(starts) or not seen <= written
    if is_due or (visitor.is_stale and clock - visitor.written_at >= visitor.options.update_interval_ms):
        gone = (seen | written).difference(starts, visitor.closed_now)
        rows = _rows(visitor, starts, gone, version)
        visitor.written = set(starts)
        visitor.written_at = clock
        visitor.is_stale = False
    else:
        rows = []
    visitor.refresh = visitor.written_at + visitor.options.update_interval_ms if visitor.is_stale else NEVER
    visitor.seen = set()
    visitor.closed_now = set()
    return rows


def _rows(visitor: Visitor, starts: list[Start], gone: set[Start], version: int) -> list[SessionRow]:
    rows = [session_tombstone(visitor, start, version) for start in sorted(gone)]
    if starts:
        rows += [session_row(visitor, session, index, version, is_final=0) for session, index in visitor.sessions()]
    return rows
