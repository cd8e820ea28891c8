"""Times of the copies of each event id that may still meet another copy (design.md §6 rule 7)."""

from streams.records import INFINITY
from streams.sessionize.hit import Hit
from streams.sessionize.state import pack_copies, unpack_copies

Times = tuple[int, ...]


class Copies:
    """Id → time of its copy; → times, rising, where there are several (numbers cost the garbage collector nothing)."""

    __slots__ = ("oldest", "times")

    def __init__(self, hits: list[Hit], others: bytes) -> None:
        self.times: dict[bytes, int | Times] = {hit.id: hit.time for hit in hits}
        if len(self.times) < len(hits):
            self.times = {}
            for hit in hits:
                self._remember(hit.id, hit.time)
        self.oldest = hits[0].time if hits else INFINITY
        """No time is less."""
        if others:
            for event_id, time in unpack_copies(others):
                self._remember(event_id, time)
            self.oldest = self._least()

    def _remember(self, event_id: bytes, time: int) -> None:
        times = self.times.get(event_id)
        if times is None:
            self.times[event_id] = time
        else:
            self.times[event_id] = tuple(sorted((*as_times(times), time)))

    def _least(self) -> int:
        return min([times if isinstance(times, int) else times[0] for times in self.times.values()], default=INFINITY)

    def newest(self) -> int:
        """The last time of all; there must be one."""
        return max([times if isinstance(times, int) else times[-1] for times in self.times.values()])

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
        self.times = kept
        self.oldest = self._least()

    def pack(self, hits: list[Hit]) -> bytes:
        """All copies but the hits themselves."""
        own = {hit.id: hit.time for hit in hits}
        if own == self.times:
            return b""
        open_hits = {(hit.id, hit.time) for hit in hits} if len(own) < len(hits) else own.items()
        return pack_copies(
            [
                (event_id, time)
                for event_id, times in self.times.items()
                if own.get(event_id) != times
                for time in as_times(times)
                if (event_id, time) not in open_hits
            ]
        )


def as_times(times: int | Times) -> Times:
    """Times of an id."""
    return (times,) if isinstance(times, int) else times
