"""The session algebra (design.md §6 rule 2): the left fold of hits in (time, id) order."""

from collections.abc import Iterable, Sequence

import msgspec

from streams.sessionize.hit import PAGE_PING, PAGE_VIEW, VIEWS, Hit
from streams.sessionize.options import SessionOptions

HEARTBEAT_MS = 10_000
FIRST_PING_S = 5
"""Snowplow's ``min_visit_length``. Source: snowplow/dbt-snowplow-web, snowplow_web_pv_engaged_time."""


class Session(msgspec.Struct, array_like=True, gc=False):
    """A session so far. Rows take their columns from the hits it points at."""

    start: int
    end: int
    first: Hit
    first_view: Hit | None = None
    last_view: Hit | None = None
    user_id: str = ""
    total: int = 0
    views: int = 0
    engaged_s: int = 0
    heartbeat: int = -1
    """Heartbeat of the current view's last ping; -1 before its first."""
    steps: list[str] = []
    offsets_ms: list[int] = []
    is_capped: int = 0

    def due(self, options: SessionOptions) -> int:
        """The session is final when all events up to this time are known (rule 4)."""
        return min(self.end + options.gap_ms, self.start + options.longest_ms)

    def parts_from(self, time: int, options: SessionOptions) -> bool:
        """Whether an event at ``time``, the next one, begins a new session; an equal time never does."""
        return time - self.end > options.gap_ms or time - self.start > options.longest_ms

    def add(self, hit: Hit, max_steps: int) -> None:
        """Take the next hit in."""
        self.end = hit.time
        self.total += 1
        if hit.user_id:
            self.user_id = hit.user_id
        kind = hit.kind
        if kind == PAGE_PING:
            self._ping(hit.time // HEARTBEAT_MS)
            return
        if kind in VIEWS:
            self.views += 1
            self.heartbeat = -1
            self.last_view = hit
            if self.first_view is None:
                self.first_view = hit
        if len(self.steps) >= max_steps:
            self.is_capped = 1
            return
        self.steps.append("page:" + hit.path if kind == PAGE_VIEW else "event:" + hit.name)
        self.offsets_ms.append(hit.time - self.start)

    def _ping(self, heartbeat: int) -> None:
        """Snowplow's formula, 10 × (distinct heartbeats − 1) + 5 per viewed page, in constant memory.

        The page of a ping is the latest view before it, its heartbeat is taken from the event time: in fold order equal
        heartbeats stand side by side.
        """
        if self.heartbeat < 0:
            self.engaged_s += FIRST_PING_S
        elif heartbeat != self.heartbeat:
            self.engaged_s += HEARTBEAT_MS // 1000
        self.heartbeat = heartbeat

    def copy(self) -> "Session":
        """One that may grow while this one stays."""
        twin = msgspec.structs.replace(self)
        twin.steps = list(self.steps)
        twin.offsets_ms = list(self.offsets_ms)
        return twin


def begin(hit: Hit, max_steps: int) -> Session:
    """A session of one hit."""
    session = Session(hit.time, hit.time, hit, steps=[], offsets_ms=[])
    session.add(hit, max_steps)
    return session


def fold(sealed: Session | None, hits: Iterable[Hit], options: SessionOptions) -> list[Session]:
    """All sessions of the sealed prefix and the sorted hits after it; ``sealed`` itself stays as it is."""
    session = None if sealed is None else sealed.copy()
    sessions = [] if session is None else [session]
    max_steps = options.max_steps
    for hit in hits:
        if session is None or session.parts_from(hit.time, options):
            session = begin(hit, max_steps)
            sessions.append(session)
        else:
            session.add(hit, max_steps)
    return sessions


def first_due(sealed: Session | None, hits: Sequence[Hit], options: SessionOptions) -> int:
    """``due`` of the first session of ``fold(sealed, hits)``, from times alone. There must be one."""
    if sealed is None:
        start = end = hits[0].time
    else:
        start, end = sealed.start, sealed.end
    gap, limit = options.gap_ms, start + options.longest_ms
    for hit in hits:
        time = hit.time
        if time - end > gap or time > limit:
            break
        end = time
    return min(end + gap, limit)
