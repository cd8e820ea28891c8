"""Times of the copies of each event id that may still meet another copy (design.md §6 rule 7)."""

from streams.records import INFINITY
from streams.sessionize.open_part import OpenPart
from streams.sessionize.state import COPY_BYTES, copy_time, pack_copies, unpack_copies

Times = tuple[int, ...]
_MANY = 1 << 14
"""Bytes to search for ids before unpacking them is cheaper."""


class Copies:
    """Id → time of its copy; → times, rising, where there are several (numbers cost the garbage collector nothing).

    Those of open hits lie in the open part, the ``others`` (sealed hits, duplicates) beside it, by time. Both stay
    packed until an id is met again, or hits leave the part: ``unpack`` must come before.
    """

    __slots__ = ("_new", "_others", "_part", "_searched", "_times", "oldest")

    def __init__(self, part: OpenPart, others: bytes) -> None:
        self._part, self._others = part, others
        self._new: set[bytes] = set()
        self._searched = 0
        self.oldest = copy_time(others, 0) if others else INFINITY
        """While packed: no time of the others is less. Then: of all."""
        self._times: dict[bytes, int | Times] | None = None if others or part.count else {}

    @property
    def times(self) -> dict[bytes, int | Times]:
        """Unpacked."""
        if self._times is None:
            hits = self._part.hits
            self._times = {hit.id: hit.time for hit in hits}
            if len(self._times) < len(hits):
                self._times = {}
                for hit in hits:
                    self._remember(hit.id, hit.time)
            for event_id, time in unpack_copies(self._others):
                self._remember(event_id, time)
            self.oldest = self._least()
        return self._times

    def unpack(self) -> None:
        """Hold the ids here: hits are going to leave the open part."""
        if self._times is None:
            _ = self.times

    def look_up(self, event_id: bytes) -> Times | None:
        """Times of the id's copies; None where there is none."""
        if self._times is None and not self._may_hold(event_id):
            return None
        times = self.times.get(event_id)
        return None if times is None else as_times(times)

    def _may_hold(self, event_id: bytes) -> bool:
        ids = self._part.packed_ids
        if ids is None:
            return True
        self._searched += len(ids) + len(self._others)
        return self._searched > _MANY or event_id in self._new or event_id in ids or event_id in self._others

    def add(self, event_id: bytes, time: int) -> None:
        """A first copy of an id, which goes into the open part next."""
        if self._times is None and not self._part.is_sealed(time):
            self._new.add(event_id)
        else:
            self.times[event_id] = time
            self.oldest = min(self.oldest, time)

    def add_more(self, event_id: bytes, times: Times) -> None:
        """All times of an id that is known."""
        self.times[event_id] = times
        self.oldest = min(self.oldest, times[0])

    def _remember(self, event_id: bytes, time: int) -> None:
        times = self.times.get(event_id)
        self.times[event_id] = time if times is None else tuple(sorted((*as_times(times), time)))

    def _least(self) -> int:
        return min([times if isinstance(times, int) else times[0] for times in self.times.values()], default=INFINITY)

    def newest(self) -> int:
        """The last time of all but open hits; there must be one."""
        if self._times is None:
            return copy_time(self._others, len(self._others) - COPY_BYTES)
        return max([times if isinstance(times, int) else times[-1] for times in self._times.values()])

    @property
    def most(self) -> int:
        """There are no more ids than this."""
        if self._times is None:
            return self._part.count + len(self._others) // COPY_BYTES
        return len(self._times)

    def forget(self, oldest: int) -> None:
        """Drop times before ``oldest``."""
        if self.oldest >= oldest:
            return
        kept: dict[bytes, int | Times] = {}
        for event_id, times in self.times.items():
            if isinstance(times, int):
                if times >= oldest:
                    kept[event_id] = times
            elif times[-1] >= oldest:
                kept[event_id] = tuple([time for time in times if time >= oldest])
        self._times = kept
        self.oldest = self._least()

    def pack(self) -> bytes:
        """All copies but the open hits themselves."""
        if self._times is None:
            return self._others
        hits = self._part.hits
        own = {hit.id: hit.time for hit in hits}
        if own == self._times:
            return b""
        open_hits = {(hit.id, hit.time) for hit in hits} if len(own) < len(hits) else own.items()
        others = [
            (event_id, time)
            for event_id, times in self._times.items()
            if own.get(event_id) != times
            for time in as_times(times)
            if (event_id, time) not in open_hits
        ]
        return pack_copies(sorted(others, key=_time))


def as_times(times: int | Times) -> Times:
    """Times of an id."""
    return (times,) if isinstance(times, int) else times


def _time(copy: tuple[bytes, int]) -> int:
    return copy[1]
