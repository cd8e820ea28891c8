"""How far time has come in one enriched partition (design.md §6 rule 3)."""

import msgspec

from streams.records import INFINITY, Marker

BEFORE_ALL = -(2**62)
"""The watermark before any: less than every time, and still so less a lateness."""


class Heard(msgspec.Struct, array_like=True, gc=False):
    """Of one raw topic: the number of partitions (0 until a marker says) and the highest arrival time of each."""

    partitions: int = 0
    arrivals: dict[int, int] = {}


class Watermark:
    """min over all raw partitions of the highest arrival time heard, less disorder; never back.

    A partition not heard from, or a topic whose partition count is not known, counts as −∞. Of several incarnations of
    one topic name (``name@n``) only the newest counts: the older topic is gone and would hold time back for ever.
    """

    def __init__(self, disorder_ms: int, value: int, topics: dict[str, Heard], clock: int = BEFORE_ALL) -> None:
        self._disorder = disorder_ms
        self.value = value
        self.clock = clock
        """The highest arrival time heard of anything, the ends of inputs left out: live rows are timed by it, so that a
        raw partition that is held does not hold them."""
        self.topics = topics
        self._counted: list[dict[int, int]] | None = None
        self._low = self._lowest()

    def hear(self, topic: str, partition: int, arrival: int) -> bool:
        """An event's arrival; True when the watermark rose."""
        self.clock = max(self.clock, arrival)
        heard = self.topics.get(topic)
        if heard is None:
            heard = self.topics[topic] = Heard(0, {})
        arrivals = heard.arrivals
        before = arrivals.get(partition)
        if before is None:
            arrivals[partition] = arrival
            self._counted = None
            return self._rise()
        if arrival <= before:
            return False
        arrivals[partition] = arrival
        return before <= self._low and self._rise()

    def hear_marker(self, marker: Marker) -> bool:
        """A marker's arrivals; True when the watermark rose. A stale marker changes nothing."""
        heard = self.topics.setdefault(marker.raw_topic, Heard(0, {}))
        heard.partitions = max(heard.partitions, marker.partitions)
        arrivals = heard.arrivals
        for partition, arrival in marker.heard.items():
            arrivals[partition] = max(arrival, arrivals.get(partition, arrival))
            if self.clock < arrival < INFINITY:
                self.clock = arrival
        self._counted = None
        return self._rise()

    def _rise(self) -> bool:
        self._low = low = self._lowest()
        value = low if low in (INFINITY, BEFORE_ALL) else low - self._disorder
        if value <= self.value:
            return False
        self.value = value
        return True

    def _lowest(self) -> int:
        counted = self._counted
        if counted is None:
            counted = self._counted = self._count()
        if len(counted) == 1:  # the common case, once per event
            return min(counted[0].values())
        return min([min(arrivals.values()) for arrivals in counted], default=BEFORE_ALL)

    def _count(self) -> list[dict[int, int]]:
        """The arrivals that count; none while a partition of theirs has not been heard."""
        topics = [self.topics[topic] for topic in _newest(self.topics)]
        if all(heard.partitions and all(p in heard.arrivals for p in range(heard.partitions)) for heard in topics):
            return [heard.arrivals for heard in topics]
        return []


def _newest(topics: dict[str, Heard]) -> list[str]:
    """Per name the topic of the highest incarnation."""
    newest: dict[str, tuple[int, str]] = {}
    for topic in topics:
        name, _, incarnation = topic.rpartition("@")
        entry = (int(incarnation) if name and incarnation.isdecimal() else 0, topic)
        newest[name or topic] = max(entry, newest.get(name or topic, entry))
    return [topic for _, topic in newest.values()]
