"""Where the sessions of an open part begin, and when the first of them is final; kept change by change.

The fold forgets everything at a session's start. So a change is followed from the start of the session it lies in, and
no further than to a start that was one before: what a change costs is what it touches.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from streams.sessionize.fold import Session, Start
from streams.sessionize.hit import VIEWS, Hit
from streams.sessionize.options import SessionOptions
from streams.sessionize.texts import Texts


class Starts:
    """``now``: of ``sealed`` and the sorted hits after it. ``vanished``: those that were starts after some change."""

    __slots__ = ("now", "options", "texts", "vanished")

    def __init__(self, options: SessionOptions, texts: Texts, now: list[Start]) -> None:
        self.options, self.texts, self.now = options, texts, now
        self.vanished: set[Start] = set()

    def appended(self, sealed: Session | None, hits: list[Hit]) -> None:
        """The last hit came behind all others."""
        hit = hits[-1]
        if len(hits) > 1:
            end = hits[-2].time
        elif sealed is not None:
            end = sealed.end
        else:
            self.now.append(hit.order())
            return
        if hit.time == end:
            self.changed(sealed, hits, hit.order())
        elif not self._fits(end, hit, self._limit(sealed, -1)) or not self._keeps_campaign(sealed, hits, -1, hit):
            self.now.append(hit.order())

    def extends(self, sealed: Session | None, end: int, hit: Hit) -> bool:
        """Whether a hit behind all others, the last at ``end``, surely belongs to the last session."""
        if self.options.cut_at_campaign and self.texts.campaign(hit):
            return False
        return self._fits(end, hit, self._limit(sealed, -1))

    def _fits(self, end: int, hit: Hit, limit: int) -> bool:
        return hit.time - end <= self.options.gap_ms and hit.time <= limit

    def inserted(self, sealed: Session | None, hits: list[Hit], at: int) -> None:
        """A hit came at this place."""
        order = hits[at].order()
        session = bisect_right(self.now, order) - 1
        if self._is_within(hits, at, session) and self._keeps_campaign(sealed, hits, session, hits[at]):
            return  # pauses became shorter, and the limit is what it was
        self.changed(sealed, hits, order)

    def _is_within(self, hits: list[Hit], at: int, session: int) -> bool:
        """Whether the session began before the hit and went on after it."""
        if session < 0 or at + 1 == len(hits):
            return False
        return session + 1 == len(self.now) or hits[at + 1].order() < self.now[session + 1]

    def _keeps_campaign(self, sealed: Session | None, hits: list[Hit], session: int, hit: Hit) -> bool:
        """Whether the hit, in this session, neither is its landing page nor names another campaign than that does."""
        if not self.options.cut_at_campaign or self.texts.page(hit).kind not in VIEWS:
            return True
        landing = self._landing(sealed, hits, session % len(self.now))
        if landing is None or landing[0] >= hit.order():
            return landing is not None and landing[0] == hit.order() and hit is hits[-1]
        return self.texts.campaign(hit) in ("", landing[1])

    def _landing(self, sealed: Session | None, hits: list[Hit], session: int) -> tuple[Start, str] | None:
        """First view of a session, and what it names."""
        if session == 0 and sealed is not None and sealed.first_view is not None:
            return sealed.first_view.order(), sealed.campaign
        begin = bisect_left(hits, self.now[session], key=Hit.order) if session else 0
        for at in range(begin, len(hits)):
            if self.texts.page(hits[at]).kind in VIEWS:
                return hits[at].order(), self.texts.campaign(hits[at])
        return None

    def changed(self, sealed: Session | None, hits: list[Hit], order: Start) -> None:
        """A hit of this order came or went."""
        old = self.now
        first = bisect_right(old, order) - 1
        if first > 0 and old[first] == order:
            first -= 1  # if it was a start and went, what follows may belong to the session before
        first = max(first, 0)
        new, known = self._follow(sealed, hits, old, first, order)
        self.vanished.update(set(old[first:known]).difference(new))
        old[first:known] = new

    def _follow(
        self, sealed: Session | None, hits: list[Hit], old: list[Start], first: int, order: Start
    ) -> tuple[list[Start], int]:
        """Starts from the ``first`` old one on, up to one that was one before: its place among the old."""
        begin = bisect_left(hits, old[first], key=Hit.order) if first else 0
        new: list[Start] = []
        for start in self._walk(None if first else sealed, hits, begin):
            if start > order and new:
                known = bisect_left(old, start, lo=first)
                if known < len(old) and old[known] == start:
                    return new, known
            new.append(start)
        return new, len(old)

    def _walk(self, sealed: Session | None, hits: list[Hit], begin: int) -> Iterator[Start]:
        """Starts of the sessions of ``sealed`` and the hits from ``begin`` on."""
        options, texts = self.options, self.texts
        end = limit = 0
        campaign: str | None = None
        is_any = sealed is not None
        if sealed is not None:
            yield sealed.identity
            end, limit = sealed.end, sealed.limit
            campaign = None if sealed.first_view is None else sealed.campaign
        for at in range(begin, len(hits)):
            hit = hits[at]
            time = hit.time
            if not is_any or (
                time != end and (time - end > options.gap_ms or time > limit or self._cuts(hit, campaign))
            ):
                yield time, hit.id
                limit, campaign, is_any = options.limit(time), None, True
            end = time
            if options.cut_at_campaign and campaign is None and texts.page(hit).kind in VIEWS:
                campaign = texts.campaign(hit)

    def _cuts(self, hit: Hit, campaign: str | None) -> bool:
        """Whether it names another campaign than the landing page, if there was one."""
        if not self.options.cut_at_campaign or campaign is None:
            return False
        return self.texts.campaign(hit) not in ("", campaign)

    def all_anew(self, sealed: Session | None, hits: list[Hit]) -> None:
        """From nothing."""
        self.now[:] = self._walk(sealed, hits, 0)

    def due(self, sealed: Session | None, hits: list[Hit], end: int) -> int:
        """The first session is final when all events up to this time are known (rule 4).

        Its own deadline, or its successor's start, for nothing can come between them then. ``end``: the last hit's
        time. There must be a session.
        """
        limit, gap_ms = self._limit(sealed, 0), self.options.gap_ms
        if len(self.now) == 1:
            return min(end + gap_ms, limit)
        before = self.first_length(hits)
        end = hits[before - 1].time if before else sealed.end if sealed is not None else end
        return min(end + gap_ms, limit, self.now[1][0])

    def first_length(self, hits: list[Hit]) -> int:
        """How many hits the first session has, but for sealed ones."""
        return len(hits) if len(self.now) == 1 else bisect_left(hits, self.now[1], key=Hit.order)

    def _limit(self, sealed: Session | None, session: int) -> int:
        if sealed is not None and session % len(self.now) == 0:
            return sealed.limit
        return self.options.limit(self.now[session][0])
