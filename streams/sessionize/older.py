"""What the sessions from before the oldest day of ``events`` say: a rebuild leaves them and numbers on (rule 10)."""

from collections.abc import Sequence

import msgspec

from streams.records import INFINITY, SessionRow
from streams.sessionize.counts import Counts
from streams.sessionize.options import SessionOptions
from streams.sessionize.rebuilt import Stored
from streams.sessionize.state import VisitorState


class Older(msgspec.Struct, frozen=True):
    """``last`` is the last of them, None without one; the others since the visitor was last new."""

    last: SessionRow | None = None
    first_seen: int | None = None
    user_id: str = ""

    @property
    def end(self) -> int:
        """When they end; before all time without any."""
        return -INFINITY if self.last is None else self.last.end_tstamp

    def state(self) -> VisitorState:
        """The visitor as their closing left it."""
        last = self.last
        if last is None:
            return VisitorState()
        return VisitorState(last.session_index, last.end_tstamp, first_seen=self.first_seen, user_id=self.user_id)

    def counts(self, horizon: int, options: SessionOptions) -> Counts:
        """What to tell a worker if no later session is final."""
        last = self.last
        if last is None:
            return Counts(horizon, 0, None, None)
        due = min(last.end_tstamp + options.gap_ms, last.start_tstamp + options.longest_ms)
        return Counts(horizon, last.session_index, last.end_tstamp, due, self.first_seen, self.user_id)


def older_of(stored: Stored, first_day: int) -> Older:
    """Of the sessions that begin before ``first_day`` (ms). The visitor's row says what rows that are gone said."""
    rows = sorted((row for row in stored.sessions if row.start_tstamp < first_day), key=lambda row: row.start_tstamp)
    if not rows:
        return Older()
    newest = max((at for at, row in enumerate(rows) if row.session_index == 1), default=None)
    chain = rows[newest or 0 :]
    first_seen, user_id = chain[0].start_tstamp, _last_user(chain)
    visitor = stored.visitor
    if newest is None and visitor is not None and visitor.first_seen_tstamp < first_seen:
        first_seen, user_id = visitor.first_seen_tstamp, user_id or visitor.user_id
    return Older(rows[-1], first_seen, user_id)


def _last_user(rows: Sequence[SessionRow]) -> str:
    return next((row.user_id for row in reversed(rows) if row.user_id), "")
