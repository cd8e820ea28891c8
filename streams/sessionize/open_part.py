"""What of a visitor is not closed yet: the sealed part of a session, and the hits after it (design.md §6 rule 4)."""

from bisect import bisect_left, insort

from streams.sessionize.block import Block, pack
from streams.sessionize.fold import Session, fold, gather
from streams.sessionize.hit import Hit
from streams.sessionize.options import SessionOptions
from streams.sessionize.starts import Starts
from streams.sessionize.texts import Texts

SEAL_AT = 32
"""So many hits must lie below the horizon before they are sealed: short sessions stay as they came."""


class OpenPart:
    """``sealed``: the fold of hits that nothing can come before any more; ``hits``: the rest, sorted.

    As long as hits only extend the one session there is, they stay packed.
    """

    __slots__ = ("_block", "_hits", "_new", "end", "is_loose", "options", "sealed", "starts", "texts")

    def __init__(
        self, options: SessionOptions, texts: Texts, sealed: Session | None, block: Block, is_single: bool
    ) -> None:
        self.options, self.texts, self.sealed = options, texts, sealed
        self._block = block
        self._new: list[Hit] = []
        """Behind the packed ones; all, once those are unpacked."""
        self._hits: list[Hit] | None = None if block.data else self._new
        self.end = block.time(-1) if block.data else 0 if sealed is None else sealed.end
        """Time of the last hit, if there is any."""
        self.is_loose = False
        """Whether texts may have lost their last hit."""
        self.starts = Starts(options, texts, [])
        if sealed is not None:
            self.starts.now.append(sealed.identity)
        elif block.data and is_single:
            self.starts.now.append(block.hit(0).order())
        if not is_single:
            self.starts.all_anew(sealed, self.hits)

    def __bool__(self) -> bool:
        return bool(self.starts.now)

    @property
    def hits(self) -> list[Hit]:
        """Unpacked."""
        if self._hits is None:
            self._hits = self._new = self._block.hits() + self._new
        return self._hits

    @property
    def count(self) -> int:
        """How many hits are not sealed."""
        return len(self._block) + len(self._new) if self._hits is None else len(self._hits)

    @property
    def last_page(self) -> int:
        """Number of the last hit's text; 0 without one."""
        if self._new:
            return self._new[-1].page
        return self._block.hit(-1).page if self._hits is None else 0

    @property
    def packed_ids(self) -> bytes | None:
        """Bytes that hold the ids of the hits that are packed; None when none is packed any more."""
        return self._block.data if self._hits is None else None

    def is_sealed(self, time: int) -> bool:
        """Whether a hit of this time comes too late to be placed: only where a cap sealed early."""
        return self.sealed is not None and time < self.sealed.end

    def find(self, time: int, event_id: bytes) -> Hit | None:
        """The hit of this time and id."""
        at = bisect_left(self.hits, (time, event_id), key=Hit.order)
        hit = self.hits[at] if at < len(self.hits) else None
        return hit if hit is not None and hit.time == time and hit.id == event_id else None

    def insert(self, hit: Hit) -> None:
        """Put the hit at its place in (time, id) order."""
        if self.sealed is not None and hit.time < self.sealed.end:  # see is_sealed
            self.sealed.absorb(hit, self.texts)
            self.is_loose = True
        elif self and hit.time <= self.end:
            self._insert_before_end(hit)
        elif self._hits is None and self.starts.extends(self.sealed, self.end, hit):
            self._new.append(hit)
            self.end = hit.time
        else:
            self.hits.append(hit)
            self.starts.appended(self.sealed, self.hits)
            self.end = hit.time

    def _insert_before_end(self, hit: Hit) -> None:
        hits = self.hits
        insort(hits, hit, key=Hit.order)
        self.starts.inserted(self.sealed, hits, bisect_left(hits, hit.order(), key=Hit.order))

    def take_out(self, time: int, event_id: bytes) -> Hit | None:
        """Remove the hit of this time and id, and return it."""
        hit = self.find(time, event_id)
        if hit is not None:
            del self.hits[bisect_left(self.hits, (time, event_id), key=Hit.order)]
            self.starts.changed(self.sealed, self.hits, hit.order())
            self._note_end()
        return hit

    def _note_end(self) -> None:
        self.is_loose = True
        if self.hits:
            self.end = self.hits[-1].time
        elif self.sealed is not None:
            self.end = self.sealed.end

    def sessions(self) -> list[Session]:
        """The fold."""
        return fold(self.sealed, self.hits, self.texts, self.options)

    def due(self) -> int:
        """When the first session is final. There must be one."""
        starts = self.starts
        return starts.due(self.sealed, self._new if len(starts.now) == 1 else self.hits, self.end)

    def take_final(self, horizon: int) -> list[tuple[Session, int]]:
        """Take out the sessions before the first that an event at or above the horizon could still join (rule 4).

        Each with the time up to which all events must be known for that.
        """
        final = []
        while self and (until := self.due()) < horizon:
            final.append((self._take_first(), until))
        return final

    def _take_first(self) -> Session:
        hits, starts = self.hits, self.starts
        length = starts.first_length(hits)
        session = gather(self.sealed, hits[:length], self.texts, self.options)
        assert session is not None, "a session has a hit"
        self.sealed = None
        del hits[:length]
        del starts.now[0]
        self._note_end()
        return session

    def is_sealable(self, horizon: int) -> bool:
        """Whether much lies below the horizon."""
        if self.count <= SEAL_AT:
            return False
        return (self._block.time(SEAL_AT) if self._hits is None else self._hits[SEAL_AT].time) < horizon

    def seal(self, horizon: int) -> None:
        """Fold the hits of the first session below the horizon: nothing can come before them any more."""
        hits = self.hits
        below = min(bisect_left(hits, horizon, key=lambda hit: hit.time), self.starts.first_length(hits) if self else 0)
        if below:
            self.sealed = gather(self.sealed, hits[:below], self.texts, self.options)
            del hits[:below]
            self.is_loose = True

    def seal_early(self, count: int) -> list[tuple[Session, int]]:
        """Seal so many hits although something may come between; gives the sessions that end among them.

        Each with the time up to which all events are taken to be known by it.
        """
        *over, self.sealed = fold(self.sealed, self.hits[:count], self.texts, self.options)
        del self.hits[:count]
        del self.starts.now[: len(over)]
        for session in (*over, self.sealed):
            session.is_capped = 1
        self.is_loose = True
        successors = [*over[1:], self.sealed]
        return [(one, min(one.due(self.options), other.start)) for one, other in zip(over, successors, strict=False)]

    def drop(self, horizon: int) -> None:
        """Forget hits below the horizon: of events without visitor."""
        if self and (self._block.time(0) if self._hits is None else self._hits[0].time) < horizon:
            del self.hits[: bisect_left(self.hits, horizon, key=lambda hit: hit.time)]
            self.starts.all_anew(None, self.hits)
            self._note_end()

    def packed(self) -> Block:
        """The hits as bytes."""
        if self._hits is None:
            return self._block.extended(self._new) if self._new else self._block
        return pack(self._hits)
