"""What the closed sessions of a visitor say: how many there were, since when, until when (design.md §6 rule 8)."""

from typing import NamedTuple

from streams.sessionize.counts import Counts
from streams.sessionize.fold import Session

BEFORE_TIME = -(2**63)

FORGET_AFTER_MS = 395 * 86_400_000
"""A visitor is new again when the session before ended longer ago than this (rule 8)."""


class Closed(NamedTuple):
    """A session that is final, and what all closed ones say of the visitor then."""

    session: Session
    nth: int
    """Its place among the visitor's sessions, from 1."""
    first_seen: int
    user_id: str
    deadline: int
    """It is final when all events up to this time are known."""


class History:
    """Of the sessions since the visitor was last new. ``last_end`` is None before the first closed one."""

    __slots__ = ("capped_to", "closed", "deadline", "first_seen", "last_end", "user_id")

    def __init__(
        self,
        closed: int = 0,
        last_end: int | None = None,
        first_seen: int | None = None,
        user_id: str = "",
        capped_to: int | None = None,
        deadline: int | None = None,
    ) -> None:
        self.closed = closed
        self.last_end = last_end
        self.first_seen = first_seen
        self.user_id = user_id
        self.capped_to = capped_to
        self.deadline = deadline

    def count(self, session: Session, deadline: int) -> Closed:
        """The session is final, for all events up to ``deadline`` are known: it counts."""
        if self.last_end is not None and session.start - self.last_end > FORGET_AFTER_MS:
            self.forget()
        if self.capped_to is not None and session.start <= self.capped_to:
            session.is_capped = 1
        if self.first_seen is None:
            self.first_seen = session.start
        self.user_id = session.user_id or self.user_id
        self.closed += 1
        self.last_end = session.end
        self.deadline = deadline
        return Closed(session, self.closed, self.first_seen, self.user_id, deadline)

    def forget(self) -> None:
        """The visitor is new again."""
        self.closed, self.last_end, self.first_seen, self.user_id = 0, None, None, ""
        self.deadline = None

    def is_old(self, horizon: int) -> bool:
        """Whether a session to come is the first of a new visitor."""
        return self.last_end is not None and horizon - self.last_end > FORGET_AFTER_MS

    def number(self, sessions: list[Session]) -> list[tuple[Session, int]]:
        """Sessions that follow, with the index each has as things stand."""
        found, index, end = [], self.closed, self.last_end
        for session in sessions:
            index = 1 if end is not None and session.start - end > FORGET_AFTER_MS else index + 1
            end = session.end
            found.append((session, index))
        return found

    def take_counts(self, counts: Counts) -> bool:
        """Number on from a rebuild's counts; False where a session is closed that it did not see as final (rule 10)."""
        if self.deadline is not None and self.deadline >= counts.horizon:
            return False
        self.closed, self.last_end, self.deadline = counts.closed, counts.last_end, counts.last_deadline
        self.first_seen, self.user_id = counts.first_seen, counts.user_id
        return True
