"""What a rebuild of one visitor reads and what it gives: rows before, the difference after (design.md §6 rule 10)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from streams.records import Event, Outcome, SessionRow, VisitorRow
from streams.sessionize.counts import Counts


class Bounds(NamedTuple):
    """How far a rebuild may go. Times in milliseconds.

    ``watermark`` is that of the visitor's partition: what is not final by it is left to the worker. ``first_day`` is
    the start of the oldest day that ``events`` still holds: sessions that begin before it stay, and give the counts.
    ``adopts`` says whether late events may join sessions.
    """

    watermark: int
    generation: int
    first_day: int
    adopts: bool


class Stored(msgspec.Struct, frozen=True):
    """Of one visitor: rows under FINAL, ``events`` in (time, id) order with the late ones; the highest version of any.

    Of an event without visitor: the copies of one event id.
    """

    events: Iterable[Event]
    sessions: Sequence[SessionRow]
    version: int
    visitor: VisitorRow | None = None


class SessionChange(msgspec.Struct, frozen=True):
    """A session row before and after: added without a before, removed without an after."""

    before: SessionRow | None
    after: SessionRow | None


class Rebuilt(msgspec.Struct, frozen=True):
    """What must be written so that the tables hold the fold of all that is kept. Empty where they do already."""

    version: int
    sessions: list[SessionChange]
    adopted: list[Event]
    """Late until now, ``is_late`` and ``version`` set."""
    tombstones: list[Event]
    """Copies that are duplicates after all."""
    losers: list[Outcome]
    """Outcomes of the copies among them that were accepted; ``events`` and ``size`` are not known here."""
    waiting: int
    """Late events that may not be adopted yet."""
    counts: Counts
    visitor: VisitorRow | None
    """The visitor's row, where it says something else until now."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.sessions or self.adopted or self.tombstones or self.visitor)

    @property
    def is_told(self) -> bool:
        """Whether the live worker that holds the visitor must hear of ``counts``."""
        return bool(self.sessions) or self.visitor is not None

    @property
    def rows(self) -> int:
        """How many rows it takes."""
        return len(self.sessions) + len(self.adopted) + len(self.tombstones) + len(self.losers) + bool(self.visitor)

    def session_rows(self) -> list[SessionRow]:
        """The rows to write, tombstones of removed ones among them."""
        return [
            change.after or _gone(change.before, self.version)
            for change in self.sessions
            if change.after or change.before
        ]


def _gone(row: SessionRow | None, version: int) -> SessionRow:
    """Deletes the row of this key from table ``sessions``."""
    assert row is not None
    return SessionRow(
        session_id=row.session_id,
        app_id=row.app_id,
        visitor_id=row.visitor_id,
        start_tstamp=row.start_tstamp,
        end_tstamp=row.end_tstamp,
        version=version,
        is_deleted=1,
    )
