"""What was before the oldest day of ``events``: a rebuild leaves those sessions and numbers on (rule 10)."""

from collections.abc import Sequence

import msgspec

from streams.records import INFINITY, SessionRow, VisitorRow
from streams.sessionize.counts import Counts
from streams.sessionize.options import SessionOptions
from streams.sessionize.rebuilt import Stored
from streams.sessionize.state import VisitorState


class Older(msgspec.Struct, frozen=True):
    """How many sessions were closed before, when the last one ended (None without one), and what they said."""

    closed: int = 0
    last_end: int | None = None
    last_deadline: int | None = None
    first_seen: int | None = None
    user_id: str = ""

    @property
    def end(self) -> int:
        """When they end; before all time without any."""
        return -INFINITY if self.last_end is None else self.last_end

    def state(self) -> VisitorState:
        """The visitor as their closing left it."""
        return VisitorState(self.closed, self.last_end, first_seen=self.first_seen, user_id=self.user_id)

    def counts(self, horizon: int) -> Counts:
        """What to tell a worker if no later session is final."""
        return Counts(horizon, self.closed, self.last_end, self.last_deadline, self.first_seen, self.user_id)


def older_of(stored: Stored, first_day: int, options: SessionOptions) -> Older:
    """By the sessions that begin before ``first_day`` (ms); where their rows are gone, by the visitor's row."""
    rows = sorted((row for row in stored.sessions if row.start_tstamp < first_day), key=lambda row: row.start_tstamp)
    visitor = stored.visitor
    if visitor is not None and visitor.first_seen_tstamp >= first_day:
        visitor = None
    if rows:
        following = [row.start_tstamp for row in stored.sessions if row.start_tstamp >= first_day]
        return _by_rows(rows, visitor, options, min(following, default=INFINITY))
    return Older() if visitor is None else _by_visitor(stored, visitor, first_day)


def _by_rows(rows: Sequence[SessionRow], visitor: VisitorRow | None, options: SessionOptions, following: int) -> Older:
    """``visitor``: what it says of rows that were before these and are gone. ``following``: start of the next one."""
    newest = max((at for at, row in enumerate(rows) if row.session_index == 1), default=None)
    since = rows[newest or 0 :]
    first_seen, user_id, last = since[0].start_tstamp, _last_user(since), rows[-1]
    if newest is None and visitor is not None:
        first_seen, user_id = min(first_seen, visitor.first_seen_tstamp), user_id or visitor.user_id
    due = min(last.end_tstamp + options.gap_ms, options.limit(last.start_tstamp), following)
    return Older(last.session_index, last.end_tstamp, due, first_seen, user_id)


def _by_visitor(stored: Stored, visitor: VisitorRow, first_day: int) -> Older:
    """It counts those whose rows are held too."""
    held = sum(row.is_final for row in stored.sessions)
    if held >= visitor.sessions:
        return Older()
    return Older(visitor.sessions - held, first_day - 1, first_day - 1, visitor.first_seen_tstamp, visitor.user_id)


def _last_user(rows: Sequence[SessionRow]) -> str:
    return next((row.user_id for row in reversed(rows) if row.user_id), "")
