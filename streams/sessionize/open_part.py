"""What of a visitor is not closed yet: the sealed part of a session, and the hits after it (design.md §6 rule 4)."""

from bisect import bisect_left, insort
from itertools import zip_longest

from streams.sessionize.fold import Session, Start, begin, fold, outline
from streams.sessionize.hit import Hit
from streams.sessionize.options import SessionOptions


class OpenPart:
    """``sealed``: the fold of hits that nothing can come before any more; ``hits``: the rest, sorted."""

    __slots__ = ("hits", "options", "sealed")

    def __init__(self, options: SessionOptions, sealed: Session | None, hits: list[Hit]) -> None:
        self.options, self.sealed, self.hits = options, sealed, hits

    def __bool__(self) -> bool:
        return self.sealed is not None or bool(self.hits)

    def find(self, time: int, event_id: bytes) -> Hit | None:
        """The hit of this time and id."""
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
        """Remove the hit of this time and id, and return it."""
        hit = self.find(time, event_id)
        if hit is not None:
            del self.hits[bisect_left(self.hits, (time, event_id), key=Hit.order)]
        return hit

    def sessions(self) -> list[Session]:
        """The fold."""
        return fold(self.sealed, self.hits, self.options)

    def outline(self) -> tuple[list[Start], int]:
        """Where sessions start, and when the first is final. There must be one."""
        return outline(self.sealed, self.hits, self.options)

    def take_final(self, horizon: int) -> list[Session]:
        """Take out the sessions before the first that an event at or above the horizon could still join (rule 4)."""
        sessions = self.sessions()
        final = []
        for session, successor in zip_longest(sessions, sessions[1:]):
            due = session.due(self.options)
            if (due if successor is None else min(due, successor.start)) >= horizon:
                break
            final.append(session)
        if final:
            taken = sum(session.total for session in final) - (self.sealed.total if self.sealed else 0)
            self.sealed = None
            del self.hits[:taken]
        return final

    def seal(self, horizon: int) -> None:
        """Fold the hits below the horizon into the sealed session: nothing can come before them any more."""
        hits, options = self.hits, self.options
        below = bisect_left(hits, horizon, key=lambda hit: hit.time)
        if not below:
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
