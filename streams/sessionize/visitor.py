"""One visitor while a batch is folded: decoded once, changed record by record, encoded once."""

from bisect import bisect_left, insort
from itertools import takewhile
from typing import TypeVar

from streams.records import INFINITY, Event
from streams.sessionize.counts import Counts
from streams.sessionize.fold import Session, begin, first_due, fold
from streams.sessionize.hit import (
    NO_ORIGIN,
    OTHER,
    PAGE_PING,
    PAGE_VIEW,
    VIEWS,
    Hit,
    Origin,
    Profile,
    kind_of,
    origin_of,
    profile_of,
)
from streams.sessionize.options import SessionOptions
from streams.sessionize.state import VisitorState, encode_visitor, is_lone, key_parts, pack_copies, unpack_copies

T = TypeVar("T")

FORGET_AFTER_MS = 395 * 86_400_000
"""A visitor is new again when the session before ended longer ago than this (rule 8)."""


class Visitor:
    """Sealed session so far, sorted open hits, and the times of every copy that may still meet another copy."""

    __slots__ = (
        "app_id",
        "applied",
        "closed",
        "copies",
        "deadline",
        "due",
        "hits",
        "is_changed",
        "is_lone",
        "key",
        "last_end",
        "oldest",
        "options",
        "origins",
        "profiles",
        "sealed",
        "soonest",
        "visitor_id",
    )  # fmt: skip

    def __init__(
        self, key: bytes, options: SessionOptions, app_id: str, state: VisitorState, applied: int, due: int
    ) -> None:
        self.key = key
        self.is_lone = is_lone(key)
        self.visitor_id = bytes(16) if self.is_lone else key_parts(key)[0]
        self.app_id = app_id
        self.options = options
        self.soonest = options.reach_ms + options.lateness_ms
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
        self.copies: dict[bytes, tuple[int, ...]] = {hit.id: (hit.time,) for hit in state.hits}
        if len(self.copies) < len(state.hits):
            self.copies = {}
            for hit in state.hits:
                self._remember(hit.id, hit.time)
        for event_id, time in unpack_copies(state.copies):
            self._remember(event_id, time)
        self.oldest = min((times[0] for times in self.copies.values()), default=INFINITY)

    def _remember(self, event_id: bytes, time: int) -> None:
        times = self.copies.get(event_id)
        self.copies[event_id] = (time,) if times is None else tuple(sorted((*times, time)))

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
        return hit

    def find(self, time: int, event_id: bytes) -> Hit | None:
        """The open hit of this time and id."""
        at = bisect_left(self.hits, (time, event_id), key=Hit.order)
        hit = self.hits[at] if at < len(self.hits) else None
        return hit if hit is not None and hit.time == time and hit.id == event_id else None

    def insert(self, hit: Hit) -> None:
        """Put the hit at its place in (time, id) order."""
        hits = self.hits
        if not hits or hit.time > hits[-1].time:
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

    def close(self, watermark: int) -> list[tuple[Session, int]]:
        """Take out every session that ``watermark`` makes final, with its index, and set ``due`` anew."""
        if not self.is_lone and self._is_open():
            due = first_due(self.sealed, self.hits, self.options) + self.options.lateness_ms
            if due >= watermark:  # ``due`` was only a lower bound
                self.due = due
                return []
        horizon = horizon_of(watermark, self.options)
        final = [] if self.is_lone else [(session, self._count(session)) for session in self._take_final(horizon)]
        self.settle(horizon)
        return final

    def _take_final(self, horizon: int) -> list[Session]:
        """The sessions before the first that an event at or above the horizon could still join (rule 4)."""
        sessions = fold(self.sealed, self.hits, self.options)
        final = list(takewhile(lambda session: session.due(self.options) < horizon, sessions))
        if final:
            taken = sum(session.total for session in final) - (self.sealed.total if self.sealed else 0)
            self.sealed = None
            del self.hits[:taken]
        return final

    def _count(self, session: Session) -> int:
        """Close the session; returns its index, from 1."""
        if self.last_end is not None and session.start - self.last_end > FORGET_AFTER_MS:
            self.closed = 0
        self.closed += 1
        self.last_end = session.end
        self.deadline = session.due(self.options)
        return self.closed

    def take_counts(self, counts: Counts) -> bool:
        """Number on from a rebuild's counts; False where a session is closed that it did not see as final (rule 10)."""
        if self.deadline is not None and self.deadline >= counts.horizon:
            return False
        self.closed, self.last_end, self.deadline = counts.closed, counts.last_end, counts.last_deadline
        self.is_changed = True
        return True

    def settle(self, horizon: int) -> None:
        """Seal, forget and compute ``due`` exactly; changes no row, so it may be done at any time."""
        self._seal(horizon)
        self._forget(horizon - self.options.dedup_window_ms if horizon != INFINITY else INFINITY)
        if self.last_end is not None and horizon - self.last_end > FORGET_AFTER_MS and not self._is_open():
            self.closed, self.last_end, self.deadline = 0, None, None
        self.due = self._next_due()
        self.is_changed = False

    def _seal(self, horizon: int) -> None:
        """Fold the hits below the horizon into the sealed session: nothing can come before them any more."""
        hits, max_steps = self.hits, self.options.max_steps
        below = bisect_left(hits, horizon, key=lambda hit: hit.time)
        if not below:
            return
        if self.is_lone:
            del hits[:below]
            return
        sealed = self.sealed
        for at, hit in enumerate(hits[:below]):
            if sealed is None:
                sealed = begin(hit, max_steps)
            elif sealed.parts_from(hit.time, self.options):
                below = at
                break
            else:
                sealed.add(hit, max_steps)
        self.sealed = sealed
        del hits[:below]

    def _forget(self, oldest: int) -> None:
        """Drop times of copies that no copy to come can lie within the window of."""
        if self.oldest >= oldest:
            return
        if not self._is_open() and all(times[-1] < oldest for times in self.copies.values()):
            self.copies = {}
            self.oldest = INFINITY
            return
        gone = [event_id for event_id, times in self.copies.items() if times[0] < oldest]
        for event_id in gone:
            left = tuple(time for time in self.copies[event_id] if time >= oldest)
            if left:
                self.copies[event_id] = left
            else:
                del self.copies[event_id]
        self.oldest = min((times[0] for times in self.copies.values()), default=INFINITY)

    def _is_open(self) -> bool:
        return self.sealed is not None or bool(self.hits)

    def _next_due(self) -> int:
        options = self.options
        if not self.is_lone and self._is_open():
            due = first_due(self.sealed, self.hits, options)
        elif self.copies:
            due = max(times[-1] for times in self.copies.values()) + options.dedup_window_ms
        elif self.last_end is not None:
            due = self.last_end + FORGET_AFTER_MS
        else:
            return INFINITY
        return due + options.lateness_ms

    # state

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left to keep."""
        return not self._is_open() and not self.copies and self.last_end is None

    def encode(self, applied: int) -> bytes:
        """The table's value."""
        self._compact()
        open_hits = {(hit.id, hit.time) for hit in self.hits}
        copies = [
            (event_id, time)
            for event_id, times in self.copies.items()
            for time in times
            if (event_id, time) not in open_hits
        ]
        state = VisitorState(
            self.closed,
            self.last_end,
            self.sealed,
            self.hits,
            pack_copies(copies),
            self.profiles,
            self.origins,
            self.deadline,
        )
        return encode_visitor(applied, self.due, state)

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
