"""One visitor while a batch is folded: decoded once, changed record by record, encoded once."""

from streams.records import INFINITY, Event
from streams.sessionize.copies import Copies
from streams.sessionize.counts import Counts
from streams.sessionize.due import NEVER
from streams.sessionize.fold import Session
from streams.sessionize.history import BEFORE_TIME, FORGET_AFTER_MS, Closed, History
from streams.sessionize.hit import Hit
from streams.sessionize.open_part import OpenPart
from streams.sessionize.open_rows import OpenRows
from streams.sessionize.options import SessionOptions
from streams.sessionize.remember import hit_of, lone_hit
from streams.sessionize.state import VisitorState, encode_visitor, is_lone, key_parts
from streams.sessionize.texts import Texts
from streams.sessionize.words import Words


class Visitor:
    """Closed sessions as a history, the open part, its rows, and every copy that may still meet another copy."""

    __slots__ = (
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
        "rows",
        "soonest",
        "texts",
        "visitor_id",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - what stands in the table's value
        self,
        key: bytes,
        options: SessionOptions,
        app_id: str,
        state: VisitorState,
        texts: Texts | None = None,
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
        self.texts = texts or Texts(Words(), [], [])
        self.open = OpenPart(options, self.texts, state.sealed, state.hits, state.is_single)
        self.rows = OpenRows(state, refresh, self.open.starts.now)
        self.copies = Copies(self.open, state.copies)

    def hit(self, event: Event) -> Hit:
        """The event as this visitor remembers it."""
        if self.is_lone:
            return lone_hit(event, self.texts)
        return hit_of(event, self.texts, self.options, self.open.last_page)

    @property
    def is_open(self) -> bool:
        """Whether there is an open session."""
        return not self.is_lone and bool(self.open)

    @property
    def sealed_to(self) -> int:
        """The last time that is sealed; what is closed before lies below the horizon.

        A rebuild's counts do not come in: their last end may lie ahead of a worker that reads a log anew.
        """
        return BEFORE_TIME if self.open.sealed is None else self.open.sealed.end

    def sessions(self) -> list[tuple[Session, int]]:
        """The open sessions with the index each has as things stand (rule 8)."""
        return self.history.number(self.open.sessions())

    def close(self, watermark: int) -> list[Closed]:
        """Take out every session that ``watermark`` makes final, and set ``due`` anew: at or beyond it."""
        horizon = horizon_of(watermark, self.options)
        final = []
        if self.is_open:
            due = self.open.due()
            if due >= horizon:  # ``due`` was only a lower bound
                self.due = due + self.options.lateness_ms
                return []
            self.copies.unpack()
            final = [self.count(*taken) for taken in self.open.take_final(horizon)]
        self.settle(horizon)
        return final

    def count(self, session: Session, deadline: int) -> Closed:
        """The session is final, for all events up to ``deadline`` are known: it counts."""
        self.rows.closed_now.add(session.identity)
        return self.history.count(session, deadline)

    def take_counts(self, counts: Counts) -> bool:
        """Number on from a rebuild's counts; False where they come too late."""
        if not self.history.take_counts(counts):
            return False
        self.is_changed = True
        self.rows.is_stale = self.is_open  # rows of open sessions carry their index
        return True

    def settle(self, horizon: int) -> None:
        """Seal, forget and compute ``due`` exactly; changes no row, so it may be done at any time."""
        if self.is_lone or self.open.is_sealable(horizon):
            self.seal(horizon)
        self._forget(horizon)
        self.due = self._next_due()
        self.is_changed = False

    def _forget(self, horizon: int) -> None:
        self.copies.forget(horizon - self.options.dedup_window_ms if horizon != INFINITY else INFINITY)
        if self.history.is_old(horizon) and not self.open:
            self.history.forget()

    def seal(self, horizon: int) -> None:
        """Nothing can come before hits below the horizon any more."""
        self.copies.unpack()
        if self.is_lone:
            self.open.drop(horizon)
        else:
            self.open.seal(horizon)

    def _next_due(self) -> int:
        options = self.options
        if self.is_open:
            due = self.open.due()
        elif self.copies.most:
            due = self.copies.newest() + options.dedup_window_ms
        elif self.history.last_end is not None:
            due = self.history.last_end + FORGET_AFTER_MS
        else:
            return INFINITY
        return due + options.lateness_ms

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left to keep."""
        return not self.open and not self.copies.most and self.history.last_end is None

    def encode(self, applied: int) -> bytes:
        """The table's value."""
        part, history, copies = self.open, self.history, self.copies.pack()
        if part.is_loose:
            self._compact()
        starts = part.starts.now
        is_single = len(starts) <= 1
        written = self.rows.pack(starts)
        state = VisitorState(
            history.closed,
            history.last_end,
            part.sealed,
            part.packed(),
            is_single,
            copies,
            self.texts.frames,
            history.first_seen,
            history.user_id,
            written,
            self.rows.written_at,
            self.last,
            history.capped_to,
            history.deadline,
        )
        return encode_visitor(applied, self.due, self.rows.refresh, state, self.texts.blobs)

    def _compact(self) -> None:
        """Drop texts that no hit needs any more."""
        sealed = self.open.sealed
        marks = [] if sealed is None else [hit for hit in (sealed.first, sealed.first_view, sealed.last_view) if hit]
        # one object may stand at several places: renumber each once
        hits = list({id(hit): hit for hit in (*marks, *self.open.hits)}.values())
        self.texts = self.texts.compacted(hits)


def horizon_of(watermark: int, options: SessionOptions) -> int:
    """H: no accepted event to come lies below it (rule 4)."""
    return watermark if watermark == INFINITY else watermark - options.lateness_ms
