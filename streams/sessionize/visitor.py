"""One visitor while a batch is folded: decoded once, changed record by record, encoded once."""

from streams.records import INFINITY, Event
from streams.sessionize.copies import Copies
from streams.sessionize.counts import Counts
from streams.sessionize.due import NEVER
from streams.sessionize.fold import Session, Start
from streams.sessionize.history import BEFORE_TIME, FORGET_AFTER_MS, Closed, History
from streams.sessionize.hit import Hit
from streams.sessionize.open_part import OpenPart
from streams.sessionize.open_rows import OpenRows
from streams.sessionize.options import SessionOptions
from streams.sessionize.remember import hit_of, lone_hit
from streams.sessionize.repeated import Repeated
from streams.sessionize.state import VisitorState, encode_visitor, is_lone, key_parts


class Visitor:
    """Closed sessions as a history, the open part, its rows, and every copy that may still meet another copy."""

    __slots__ = (
        "_starts",
        "app_id",
        "applied",
        "copies",
        "due",
        "history",
        "is_changed",
        "is_lone",
        "key",
        "last",
        "max_ids",
        "open",
        "options",
        "repeated",
        "rows",
        "soonest",
        "visitor_id",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - what stands in the table's value
        self,
        key: bytes,
        options: SessionOptions,
        app_id: str,
        state: VisitorState,
        applied: int = -1,
        due: int = INFINITY,
        refresh: int = NEVER,
    ) -> None:
        self.key = key
        self.is_lone = is_lone(key)
        self.visitor_id = bytes(16) if self.is_lone else key_parts(key)[0]
        self.app_id = app_id
        self.options = options
        self.soonest = options.reach_ms + options.lateness_ms
        self.max_ids = options.max_ids
        self.applied = applied
        self.due = due
        self.last = state.last
        self.is_changed = False
        self.history = History(
            state.closed, state.last_end, state.first_seen, state.user_id, state.capped_to, state.deadline
        )
        self.open = OpenPart(options, state.sealed, state.hits)
        self.repeated = Repeated(state.profiles, state.origins)
        self.rows = OpenRows(state, refresh)
        self.copies = Copies(state.hits, state.copies)
        self._starts: list[Start] = []

    def hit(self, event: Event) -> Hit:
        """The event as this visitor remembers it."""
        return lone_hit(event) if self.is_lone else hit_of(event, self.repeated, self.options)

    @property
    def is_open(self) -> bool:
        """Whether there is an open session."""
        return not self.is_lone and bool(self.open)

    @property
    def sealed_to(self) -> int:
        """The last time that is sealed or closed."""
        if self.open.sealed is not None:
            return self.open.sealed.end
        return BEFORE_TIME if self.history.last_end is None else self.history.last_end

    def starts(self) -> list[Start]:
        """Identities of the open sessions."""
        if self.is_changed or not self._starts:
            return self.open.outline()[0] if self.is_open else []
        return self._starts

    def note_starts(self) -> None:
        """To be called before a change other than a hit behind all others: starts may vanish by it (rule 5)."""
        if self.is_open:
            self.rows.seen.update(self.starts())

    def sessions(self) -> list[tuple[Session, int]]:
        """The open sessions with the index each has as things stand (rule 8)."""
        return self.history.number(self.open.sessions())

    def close(self, watermark: int) -> list[Closed]:
        """Take out every session that ``watermark`` makes final, and set ``due`` anew."""
        if self.is_open:
            due = self.open.outline()[1] + self.options.lateness_ms
            if due >= watermark:  # ``due`` was only a lower bound
                self.due = due
                return []
        horizon = horizon_of(watermark, self.options)
        final = [] if self.is_lone else [self.count(session) for session in self.open.take_final(horizon)]
        self.settle(horizon)
        return final

    def count(self, session: Session) -> Closed:
        """The session is final: it counts."""
        self.rows.closed_now.add(session.identity)
        return self.history.count(session, self.options)

    def take_counts(self, counts: Counts) -> bool:
        """Number on from a rebuild's counts; False where they come too late."""
        if not self.history.take_counts(counts):
            return False
        self.is_changed = True
        self.rows.is_stale = self.is_open  # rows of open sessions carry their index
        return True

    def settle(self, horizon: int) -> None:
        """Seal, forget and compute ``due`` exactly; changes no row, so it may be done at any time."""
        self.seal(horizon)
        self.copies.forget(horizon - self.options.dedup_window_ms if horizon != INFINITY else INFINITY)
        if self.history.is_old(horizon) and not self.open:
            self.history.forget()
        self.due = self._next_due()
        self.is_changed = False

    def seal(self, horizon: int) -> None:
        """Nothing can come before hits below the horizon any more."""
        if self.is_lone:
            self.open.hits = [hit for hit in self.open.hits if hit.time >= horizon]
        else:
            self.open.seal(horizon)

    def _next_due(self) -> int:
        """Also finds the starts of the open sessions anew."""
        options = self.options
        self._starts = []
        if self.is_open:
            self._starts, due = self.open.outline()
        elif self.copies.times:
            due = self.copies.newest() + options.dedup_window_ms
        elif self.history.last_end is not None:
            due = self.history.last_end + FORGET_AFTER_MS
        else:
            return INFINITY
        return due + options.lateness_ms

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left to keep."""
        return not self.open and not self.copies.times and self.history.last_end is None

    def encode(self, applied: int) -> bytes:
        """The table's value."""
        part, history = self.open, self.history
        if not self.is_lone:
            self.repeated.compact(part.sealed, part.hits)
        state = VisitorState(
            history.closed,
            history.last_end,
            part.sealed,
            part.hits,
            self.copies.pack(part.hits),
            self.repeated.profiles,
            self.repeated.origins,
            history.first_seen,
            history.user_id,
            self.rows.pack(),
            self.rows.written_at,
            self.last,
            history.capped_to,
            history.deadline,
        )
        return encode_visitor(applied, self.due, self.rows.refresh, state)


def horizon_of(watermark: int, options: SessionOptions) -> int:
    """H: no accepted event to come lies below it (rule 4)."""
    return watermark if watermark == INFINITY else watermark - options.lateness_ms
