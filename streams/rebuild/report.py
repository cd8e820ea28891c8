"""What a rebuild changes, in numbers and as a list of sessions."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from streams.records import SessionRow
from streams.sessionize.rebuild import Rebuilt, SessionChange

LISTED = 1000
"""Sessions listed at most; all are counted."""


class ChangedSession(msgspec.Struct, frozen=True):
    """One session that is added, changed or removed; times in UTC."""

    change: str
    app_id: str
    visitor_id: str
    session_id: str
    start: str
    end: str
    events_before: int
    events_after: int
    index_before: int
    index_after: int


class Report(msgspec.Struct):
    """The result of ``thalweg rebuild``: how many visitors were looked at, and what changes of their rows."""

    dry_run: bool
    visitors: int = 0
    visitors_changed: int = 0
    late_adopted: int = 0
    late_waiting: int = 0
    """Late events whose sessions are not final yet, or older than the events held; all, where none may be adopted."""
    duplicates_removed: int = 0
    """Event rows that are copies of others after all, late ones among them."""
    sessions_added: int = 0
    sessions_changed: int = 0
    sessions_removed: int = 0
    sessions: list[ChangedSession] = []
    """The first of them."""

    def add(self, rebuilt: Rebuilt) -> None:
        """Count one visitor."""
        self.visitors += 1
        self.late_waiting += rebuilt.waiting
        if rebuilt.is_empty:
            return
        self.visitors_changed += 1
        self.late_adopted += len(rebuilt.adopted)
        self.duplicates_removed += len(rebuilt.tombstones)
        for change in rebuilt.sessions:
            self._add_session(change)

    def _add_session(self, change: SessionChange) -> None:
        if change.before is None:
            self.sessions_added += 1
        elif change.after is None:
            self.sessions_removed += 1
        else:
            self.sessions_changed += 1
        if len(self.sessions) < LISTED:
            self.sessions.append(_listed(change))


def _listed(change: SessionChange) -> ChangedSession:
    before, after = change.before, change.after
    row = after or before
    assert row is not None
    return ChangedSession(
        change="added" if before is None else "removed" if after is None else "changed",
        app_id=row.app_id,
        visitor_id=str(UUID(bytes=row.visitor_id)),
        session_id=str(UUID(bytes=row.session_id)),
        start=_time(row.start_tstamp),
        end=_time(row.end_tstamp),
        events_before=_events(before),
        events_after=_events(after),
        index_before=before.session_index if before else 0,
        index_after=after.session_index if after else 0,
    )


def _events(row: SessionRow | None) -> int:
    return row.total_events if row else 0


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
