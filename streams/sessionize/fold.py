"""The session algebra (design.md §6 rule 2): the left fold of hits in (time, id) order."""

from collections.abc import Iterable

import msgspec

from streams.records import INFINITY
from streams.sessionize.hit import PAGE_PING, PAGE_VIEW, VIEWS, Hit
from streams.sessionize.options import SessionOptions
from streams.sessionize.texts import Texts

MAX_GOALS = 100
"""Names of goals one session keeps; the settings allow no more at a time."""

Goals = tuple[tuple[str, float], ...]
"""Names and values."""

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

    def parts_from(self, hit: Hit, texts: Texts, options: SessionOptions) -> bool:
        """Whether the hit, the next one, begins a new session; one of an equal time never does."""
        time = hit.time
        if time - self.end > options.gap_ms or time > self.limit:
            return True
        if not options.cut_at_campaign or time == self.end or self.first_view is None:
            return False
        return texts.campaign(hit) not in ("", self.campaign)

    def add(self, hit: Hit, texts: Texts, options: SessionOptions) -> None:
        """Take the next hit in."""
        kind, name, _, _, path, _, goals = texts.page(hit)
        self.end = hit.time
        self.total += 1
        user_id = texts.user_id(hit)
        if user_id:
            self.user_id = user_id
        if goals:
            self._reach(goals)
        if kind == PAGE_PING:
            self._ping(hit.time // HEARTBEAT_MS)
            return
        if kind in VIEWS:
            self._view(hit, texts, options)
        if len(self.steps) >= options.max_steps:
            self.is_capped = 1
            return
        self.steps.append("page:" + path if kind == PAGE_VIEW else "event:" + name)
        self.offsets_ms.append(hit.time - self.start)

    def _view(self, hit: Hit, texts: Texts, options: SessionOptions) -> None:
        self.views += 1
        self.heartbeat = -1
        self.last_view = hit
        if self.first_view is None:
            self.first_view = hit
            if options.cut_at_campaign:
                self.campaign = texts.campaign(hit)

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

    def _reach(self, goals: Goals) -> None:
        for goal, value in goals:
            self.goal_value += value
            if goal not in self.goals:
                if len(self.goals) < MAX_GOALS:
                    self.goals.append(goal)
                else:
                    self.is_capped = 1

    def absorb(self, hit: Hit, texts: Texts) -> None:
        """Count a hit that lies before what a cap has sealed early; order is lost, so the row says it is capped."""
        page = texts.page(hit)
        self.total += 1
        self.views += page.kind in VIEWS
        self.is_capped = 1
        self._reach(page.goals)

    def copy(self) -> "Session":
        """One that may grow while this one stays."""
        twin = msgspec.structs.replace(self)
        twin.steps = list(self.steps)
        twin.offsets_ms = list(self.offsets_ms)
        twin.goals = list(self.goals)
        return twin


def begin(hit: Hit, texts: Texts, options: SessionOptions) -> Session:
    """A session of one hit."""
    session = Session(hit.time, hit.time, hit, steps=[], offsets_ms=[], goals=[], limit=options.limit(hit.time))
    session.add(hit, texts, options)
    return session


def fold(sealed: Session | None, hits: Iterable[Hit], texts: Texts, options: SessionOptions) -> list[Session]:
    """All sessions of the sealed prefix and the sorted hits after it; ``sealed`` itself stays as it is."""
    session = None if sealed is None else sealed.copy()
    sessions = [] if session is None else [session]
    for hit in hits:
        if session is None or session.parts_from(hit, texts, options):
            session = begin(hit, texts, options)
            sessions.append(session)
        else:
            session.add(hit, texts, options)
    return sessions


def gather(sealed: Session | None, hits: Iterable[Hit], texts: Texts, options: SessionOptions) -> Session | None:
    """One session of all; ``sealed`` grows."""
    session = sealed
    for hit in hits:
        if session is None:
            session = begin(hit, texts, options)
        else:
            session.add(hit, texts, options)
    return session
