"""The session algebra (design.md §6 rule 2): the left fold of hits in (time, id) order."""

from collections.abc import Iterable, Sequence

import msgspec

from streams.records import INFINITY
from streams.sessionize.hit import PAGE_PING, PAGE_VIEW, VIEWS, Hit
from streams.sessionize.options import SessionOptions

MAX_GOALS = 100
"""Names of goals one session keeps; the settings allow no more at a time."""

Start = tuple[int, bytes]
"""Time and id of a session's first event: with app and visitor the session's identity (rule 5)."""

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
    limit: int = INFINITY
    """The last time an event of it may have: ``longest`` after the start, or before the next local midnight."""
    campaign: str = ""
    """Of the first view, where the app cuts by it."""
    goals: list[str] = []
    """Names reached, each once, in order."""
    goal_value: float = 0.0

    @property
    def identity(self) -> Start:
        """Time and id of the first event."""
        return self.start, self.first.id

    def due(self, options: SessionOptions) -> int:
        """The session is final when all events up to this time are known (rule 4)."""
        return min(self.end + options.gap_ms, self.limit)

    def parts_from(self, hit: Hit, gap_ms: int) -> bool:
        """Whether the hit, the next one, begins a new session; one of an equal time never does."""
        time = hit.time
        if time - self.end > gap_ms or time > self.limit:
            return True
        campaign = hit.campaign
        return campaign not in ("", self.campaign) and self.first_view is not None and time != self.end

    def add(self, hit: Hit, max_steps: int) -> None:
        """Take the next hit in."""
        self.end = hit.time
        self.total += 1
        if hit.user_id:
            self.user_id = hit.user_id
        if hit.goals:
            self._reach(hit)
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
                self.campaign = hit.campaign
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

    def _reach(self, hit: Hit) -> None:
        for goal, value in hit.goals:
            self.goal_value += value
            if goal not in self.goals:
                if len(self.goals) < MAX_GOALS:
                    self.goals.append(goal)
                else:
                    self.is_capped = 1

    def absorb(self, hit: Hit) -> None:
        """Count a hit that lies before what a cap has sealed early; order is lost, so the row says it is capped."""
        self.total += 1
        self.views += hit.kind in VIEWS
        self.is_capped = 1
        if hit.goals:
            self._reach(hit)

    def copy(self) -> "Session":
        """One that may grow while this one stays."""
        twin = msgspec.structs.replace(self)
        twin.steps = list(self.steps)
        twin.offsets_ms = list(self.offsets_ms)
        twin.goals = list(self.goals)
        return twin


def begin(hit: Hit, options: SessionOptions) -> Session:
    """A session of one hit."""
    session = Session(hit.time, hit.time, hit, steps=[], offsets_ms=[], goals=[], limit=options.limit(hit.time))
    session.add(hit, options.max_steps)
    return session


def fold(sealed: Session | None, hits: Iterable[Hit], options: SessionOptions) -> list[Session]:
    """All sessions of the sealed prefix and the sorted hits after it; ``sealed`` itself stays as it is."""
    session = None if sealed is None else sealed.copy()
    sessions = [] if session is None else [session]
    max_steps, gap_ms = options.max_steps, options.gap_ms
    for hit in hits:
        if session is None or session.parts_from(hit, gap_ms):
            session = begin(hit, options)
            sessions.append(session)
        else:
            session.add(hit, max_steps)
    return sessions


def outline(sealed: Session | None, hits: Sequence[Hit], options: SessionOptions) -> tuple[list[Start], int]:
    """What ``fold`` would give, cheaper: where its sessions start, and when the first is final. There must be one.

    The first is final when all events up to the time given are known: its own ``due``, or its successor's start, for
    nothing can come between them then (rule 4).
    """
    gap_ms = options.gap_ms
    if sealed is None:
        first = hits[0]
        start = end = first.time
        starts, limit, campaign, is_viewed = [(start, first.id)], options.limit(start), "", False
    else:
        end, limit, campaign = sealed.end, sealed.limit, sealed.campaign
        starts, is_viewed = [sealed.identity], sealed.first_view is not None
    due = INFINITY
    for hit in hits:
        time = hit.time
        if time != end:
            parts = hit.campaign != "" and is_viewed and hit.campaign != campaign
            if parts or time - end > gap_ms or time > limit:
                due = min(due, end + gap_ms, limit, time)
                starts.append((time, hit.id))
                limit, is_viewed = options.limit(time), False
            end = time
        if not is_viewed and hit.kind in VIEWS:
            campaign, is_viewed = hit.campaign, True
    return starts, due if len(starts) > 1 else min(end + gap_ms, limit)
