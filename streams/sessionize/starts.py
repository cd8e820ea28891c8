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
        if self.extends(sealed, end, hit):
            return
        if hit.time == end or self.texts.campaign(hit):
            self.changed(sealed, hits, hit.order())
        else:
            self.now.append(hit.order())

    def extends(self, sealed: Session | None, end: int, hit: Hit) -> bool:
        """Whether a hit behind all others, the last at ``end``, surely belongs to the last session."""
        if self.options.cut_at_campaign and self.texts.campaign(hit):
            return False
        return hit.time - end <= self.options.gap_ms and hit.time <= self._limit(sealed, len(self.now) - 1)

    def inserted(self, sealed: Session | None, hits: list[Hit], at: int) -> None:
        """A hit came at this place."""
        order = hits[at].order()
        if not self.options.cut_at_campaign and self._is_within(hits, at, order):
            return  # pauses became shorter, and the limit is what it was
        self.changed(sealed, hits, order)

    def _is_within(self, hits: list[Hit], at: int, order: Start) -> bool:
        """Whether a session began before the hit and went on after it."""
        session = bisect_right(self.now, order) - 1
        if session < 0 or at + 1 == len(hits) or self.now[session] == order:
            return False
        return session + 1 == len(self.now) or hits[at + 1].order() < self.now[session + 1]

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
        if session == 0 and sealed is not None:
            return sealed.limit
        return self.options.limit(self.now[session][0])
