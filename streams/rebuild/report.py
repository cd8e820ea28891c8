"""What a rebuild changes, in numbers and as lists of sessions and events."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from streams.records import Event, SessionRow
from streams.sessionize.rebuilt import Rebuilt, SessionChange

LISTED = 1000
"""Sessions and events listed at most; all are counted."""

_VALUES = tuple(name for name in SessionRow.__struct_fields__ if name != "version")


class ChangedSession(msgspec.Struct, frozen=True):
    """One session that is added, changed or removed; times in UTC. ``columns``: those that differ, of a changed one."""

    change: str
    app_id: str
    visitor_id: str
    session_id: str
    start: str
    end: str
    end_before: str
    events_before: int
    events_after: int
    index_before: int
    index_after: int
    columns: list[str]


class AdoptedEvent(msgspec.Struct, frozen=True):
    """One event that was late until now; times in UTC."""

    app_id: str
    visitor_id: str
    event_id: str
    event: str
    page_urlpath: str
    time: str
    late_s: int
    """Seconds from its time to its arrival."""


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
    visitor_rows: int = 0
    """Rows of table ``visitors`` that change."""
    sessions: list[ChangedSession] = []
    """The first of them."""
    events: list[AdoptedEvent] = []
    """The first of those adopted."""

    def add(self, rebuilt: Rebuilt) -> None:
        """Count one visitor."""
        self.visitors += 1
        self.late_waiting += rebuilt.waiting
        if rebuilt.is_empty:
            return
        self.visitors_changed += 1
        self.visitor_rows += rebuilt.visitor is not None
        self.late_adopted += len(rebuilt.adopted)
        self.duplicates_removed += len(rebuilt.tombstones)
        room = LISTED - len(self.events)
        self.events.extend([_adopted(event) for event in rebuilt.adopted[:room]])
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
        end_before=_time(before.end_tstamp) if before else "",
        events_before=_events(before),
        events_after=_events(after),
        index_before=before.session_index if before else 0,
        index_after=after.session_index if after else 0,
        columns=[name for name in _VALUES if before and after and getattr(before, name) != getattr(after, name)],
    )


def _adopted(event: Event) -> AdoptedEvent:
    return AdoptedEvent(
        app_id=event.app_id,
        visitor_id=str(UUID(bytes=event.visitor_id)),
        event_id=str(UUID(bytes=event.event_id)),
        event=event.event_name or event.event,
        page_urlpath=event.page_urlpath,
        time=_time(event.derived_tstamp),
        late_s=(event.arrival_tstamp - event.derived_tstamp) // 1000,
    )


def _events(row: SessionRow | None) -> int:
    return row.total_events if row else 0


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
