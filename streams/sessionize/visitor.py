"""One visitor while a batch is folded: decoded once, changed record by record, encoded once."""

from bisect import bisect_left, insort
from itertools import zip_longest
from typing import NamedTuple, TypeVar

from streams.records import INFINITY, Event
from streams.sessionize.copies import Copies
from streams.sessionize.counts import Counts
from streams.sessionize.due import NEVER
from streams.sessionize.fold import Session, Start, begin, fold, outline
from streams.sessionize.hit import (
    NO_ORIGIN,
    OTHER,
    PAGE_PING,
    PAGE_VIEW,
    VIEWS,
    Hit,
    Origin,
    Profile,
    campaign_of,
    kind_of,
    origin_of,
    profile_of,
)
from streams.sessionize.options import SessionOptions
from streams.sessionize.state import VisitorState, encode_visitor, is_lone, key_parts, pack_copies, unpack_copies

T = TypeVar("T")

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


class Visitor:
    """Sealed session so far, sorted open hits, and the times of every copy that may still meet another copy."""

    __slots__ = (
        "_starts",
        "app_id",
        "applied",
        "capped_to",
        "closed",
        "closed_now",
        "copies",
        "deadline",
        "due",
        "first_seen",
        "hits",
        "is_changed",
        "is_lone",
        "is_stale",
        "key",
        "last",
        "last_end",
        "max_ids",
        "options",
        "origins",
        "profiles",
        "refresh",
        "sealed",
        "seen",
        "soonest",
        "user_id",
        "visitor_id",
        "written",
        "written_at",
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
        self.is_changed = False
        self.closed = state.closed
        self.last_end = state.last_end
        self.deadline = state.deadline
        self.sealed = state.sealed
        self.hits = state.hits
        self.profiles = state.profiles
        self.origins = state.origins
        self.first_seen = state.first_seen
        self.user_id = state.user_id
        self.capped_to = state.capped_to
        self.last = state.last
        # rows of open sessions: streams/sessionize/live.py
        self.refresh = refresh
        self.is_stale = refresh != NEVER
        self.written: set[Start] = {(time, event_id) for event_id, time in unpack_copies(state.written)}
        self.written_at = state.written_at
        self.seen: set[Start] = set()
        self.closed_now: set[Start] = set()
        self.copies = Copies(state.hits, state.copies)
        self._starts: list[Start] = []

    # hits

    def hit(self, event: Event) -> Hit:
        """The event as this visitor remembers it."""
        hit = Hit(
            event.derived_tstamp,
            event.event_id,
            event.event_fingerprint,
            event.raw_topic,
            event.raw_partition,
            event.raw_offset,
            event.raw_index,
            event.arrival_tstamp,
            event.raw_events,
            event.raw_size,
            kind := kind_of(event),
            0 if self.is_lone else _place(self.profiles, profile_of(event)),
        )
        if self.is_lone:
            return hit
        hit.user_id = event.user_id
        options = self.options
        if options.goals_of is not None:
            hit.goals = options.goals_of(event)
        if kind == PAGE_PING:
            return hit
        hit.name = "" if kind == PAGE_VIEW else event.event_name or event.event
        if kind != OTHER:
            hit.origin = _place(self.origins, origin_of(event))
            hit.url = event.page_url
            hit.host = event.page_urlhost
            hit.path = event.page_urlpath
            hit.title = event.page_title
            hit.referrer = event.page_referrer
            if options.cut_at_campaign:
                hit.campaign = campaign_of(event)
        return hit

    def find(self, time: int, event_id: bytes) -> Hit | None:
        """The open hit of this time and id."""
        at = bisect_left(self.hits, (time, event_id), key=Hit.order)
        hit = self.hits[at] if at < len(self.hits) else None
        return hit if hit is not None and hit.time == time and hit.id == event_id else None

    def insert(self, hit: Hit) -> None:
        """Put the hit at its place in (time, id) order."""
        hits = self.hits
        if self.sealed is not None and hit.time < self.sealed.end:  # only where a cap sealed it early
            self.sealed.absorb(hit)
        elif not hits or hit.time > hits[-1].time:
            hits.append(hit)
        else:
            insort(hits, hit, key=Hit.order)

    def take_out(self, time: int, event_id: bytes) -> Hit | None:
        """Remove the open hit of this time and id, and return it."""
        hit = self.find(time, event_id)
        if hit is not None:
            del self.hits[bisect_left(self.hits, (time, event_id), key=Hit.order)]
        return hit

    # sessions

    @property
    def is_open(self) -> bool:
        """Whether there is an open session."""
        return not self.is_lone and (self.sealed is not None or bool(self.hits))

    @property
    def sealed_to(self) -> int:
        """The last time that is sealed; what is closed before lies below the horizon.

        A rebuild's counts do not come in: their last end may lie ahead of a worker that reads a log anew.
        """
        return BEFORE_TIME if self.sealed is None else self.sealed.end

    def starts(self) -> list[Start]:
        """Identities of the open sessions."""
        if self.is_changed or not self._starts:
            return outline(self.sealed, self.hits, self.options)[0] if self.is_open else []
        return self._starts

    def note_starts(self) -> None:
        """To be called before a change other than a hit behind all others: starts may vanish by it (rule 5)."""
        if self.is_open:
            self.seen.update(self.starts())

    def sessions(self) -> list[tuple[Session, int]]:
        """The open sessions with the index each has as things stand (rule 8)."""
        found, index, end = [], self.closed, self.last_end
        for session in fold(self.sealed, self.hits, self.options):
            index = 1 if end is not None and session.start - end > FORGET_AFTER_MS else index + 1
            end = session.end
            found.append((session, index))
        return found

    def close(self, watermark: int) -> list[Closed]:
        """Take out every session that ``watermark`` makes final, and set ``due`` anew."""
        if self.is_open:
            due = outline(self.sealed, self.hits, self.options)[1] + self.options.lateness_ms
            if due >= watermark:  # ``due`` was only a lower bound
                self.due = due
                return []
        horizon = horizon_of(watermark, self.options)
        final = [] if self.is_lone else self._take_final(horizon)
        self.settle(horizon)
        return final

    def _take_final(self, horizon: int) -> list[Closed]:
        """The sessions before the first that an event at or above the horizon could still join (rule 4)."""
        sessions = fold(self.sealed, self.hits, self.options)
        final = []
        for session, successor in zip_longest(sessions, sessions[1:]):
            due = session.due(self.options)
            deadline = due if successor is None else min(due, successor.start)
            if deadline >= horizon:
                break
            final.append((session, deadline))
        if final:
            taken = sum(session.total for session, _ in final) - (self.sealed.total if self.sealed else 0)
            self.sealed = None
            del self.hits[:taken]
        return [self.count(session, deadline) for session, deadline in final]

    def count(self, session: Session, deadline: int) -> Closed:
        """The session is final, by ``deadline``: it counts."""
        if self.last_end is not None and session.start - self.last_end > FORGET_AFTER_MS:
            self._forget_visitor()
        if self.capped_to is not None and session.start <= self.capped_to:
            session.is_capped = 1
        if self.first_seen is None:
            self.first_seen = session.start
        self.user_id = session.user_id or self.user_id
        self.closed += 1
        self.last_end = session.end
        self.deadline = deadline
        self.closed_now.add(session.identity)
        return Closed(session, self.closed, self.first_seen, self.user_id, deadline)

    def _forget_visitor(self) -> None:
        self.closed, self.last_end, self.first_seen, self.user_id = 0, None, None, ""
        self.deadline = None

    def take_counts(self, counts: Counts) -> bool:
        """Number on from a rebuild's counts; False where a session is closed that it did not see as final (rule 10)."""
        if self.deadline is not None and self.deadline >= counts.horizon:
            return False
        self.closed, self.last_end, self.deadline = counts.closed, counts.last_end, counts.last_deadline
        self.first_seen, self.user_id = counts.first_seen, counts.user_id
        self.is_changed = True
        self.is_stale = self.is_open  # rows of open sessions carry their index
        return True

    def settle(self, horizon: int) -> None:
        """Seal, forget and compute ``due`` exactly; changes no row, so it may be done at any time."""
        self.seal(horizon)
        self.copies.forget(horizon - self.options.dedup_window_ms if horizon != INFINITY else INFINITY)
        if self.last_end is not None and horizon - self.last_end > FORGET_AFTER_MS and not self._is_open():
            self._forget_visitor()
        self.due = self._next_due()
        self.is_changed = False

    def seal(self, horizon: int) -> None:
        """Fold the hits below the horizon into the sealed session: nothing can come before them any more."""
        hits, options = self.hits, self.options
        below = bisect_left(hits, horizon, key=lambda hit: hit.time)
        if not below:
            return
        if self.is_lone:
            del hits[:below]
            return
        sealed = self.sealed
        for at, hit in enumerate(hits[:below]):
            if sealed is None:
                sealed = begin(hit, options)
            elif sealed.parts_from(hit, options.gap_ms):
                below = at
                break
            else:
                sealed.add(hit, options.max_steps)
        self.sealed = sealed
        del hits[:below]

    def _is_open(self) -> bool:
        return self.sealed is not None or bool(self.hits)

    def _next_due(self) -> int:
        """Also finds the starts of the open sessions anew."""
        options = self.options
        self._starts = []
        if self.is_open:
            self._starts, due = outline(self.sealed, self.hits, options)
        elif self.copies.times:
            due = self.copies.newest() + options.dedup_window_ms
        elif self.last_end is not None:
            due = self.last_end + FORGET_AFTER_MS
        else:
            return INFINITY
        return due + options.lateness_ms

    # state

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left to keep."""
        return not self._is_open() and not self.copies.times and self.last_end is None

    def encode(self, applied: int) -> bytes:
        """The table's value."""
        self._compact()
        state = VisitorState(
            self.closed,
            self.last_end,
            self.sealed,
            self.hits,
            self.copies.pack(self.hits),
            self.profiles,
            self.origins,
            self.first_seen,
            self.user_id,
            pack_copies([(event_id, time) for time, event_id in sorted(self.written)]),
            self.written_at,
            self.last,
            self.capped_to,
            self.deadline,
        )
        return encode_visitor(applied, self.due, self.refresh, state)

    def _compact(self) -> None:
        """Drop profiles and origins that no hit points at any more."""
        if self.is_lone or len(self.profiles) + len(self.origins) <= 2 + len(self.hits):
            return
        sealed = self.sealed
        marks = [] if sealed is None else [hit for hit in (sealed.first, sealed.first_view, sealed.last_view) if hit]
        # one object may stand at several places: renumber each once
        used = list({id(hit): hit for hit in (*marks, *self.hits)}.values())
        profiles: list[Profile] = []
        origins: list[Origin] = []
        for hit in used:
            hit.profile = _place(profiles, self.profiles[hit.profile])
            if hit.kind in VIEWS:
                hit.origin = _place(origins, self.origins[hit.origin])
        self.profiles, self.origins = profiles, origins

    def origin(self, hit: Hit) -> Origin:
        """Whence a view came."""
        return self.origins[hit.origin] if hit.kind in VIEWS else NO_ORIGIN


def horizon_of(watermark: int, options: SessionOptions) -> int:
    """H: no accepted event to come lies below it (rule 4)."""
    return watermark if watermark == INFINITY else watermark - options.lateness_ms


def _place(known: list[T], item: T) -> int:
    try:
        return known.index(item)
    except ValueError:
        known.append(item)
        return len(known) - 1
