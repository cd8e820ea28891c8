"""Events with literal instants, and a partition that is folded, stored and committed in one step."""

from collections.abc import Callable, Iterable, MutableMapping
from hashlib import blake2b

import pytest

from streams.records import INFINITY, OWN_KEY, Event, Marker, Record, SessionRow
from streams.sessionize.effects import Effects
from streams.sessionize.options import SessionOptions
from streams.sessionize.partition import PartitionFold

GAP, LONGEST, LATENESS, WINDOW, DISORDER = 1_800_000, 86_400_000, 600_000, 3_600_000, 600_000
OPTIONS = SessionOptions(gap_ms=GAP, longest_ms=LONGEST, lateness_ms=LATENESS, dedup_window_ms=WINDOW, max_steps=500)
TOPIC = "raw@1"


def uuid(name: object) -> bytes:
    """16 bytes that stand for a name."""
    return blake2b(str(name).encode(), digest_size=16).digest()


class Raw:
    """Makes events of raw partitions: each next one has the next raw offset of its partition."""

    def __init__(self) -> None:
        self.offsets: dict[int, int] = {}

    def event(
        self,
        time: int,
        *,
        name: object = None,
        visitor: object = "v",
        arrival: int | None = None,
        partition: int = 0,
        fingerprint: int = 1,
        **columns: object,
    ) -> Event:
        offset = self.offsets.get(partition, 0)
        self.offsets[partition] = offset + 1
        base = {
            "event_id": uuid(name if name is not None else ("event", partition, offset)),
            "app_id": "shop",
            "visitor_id": bytes(16) if visitor is None else uuid(visitor),
            "event_fingerprint": fingerprint,
            "collector_tstamp": time,
            "derived_tstamp": time,
            "arrival_tstamp": time if arrival is None else arrival,
            "raw_topic": TOPIC,
            "raw_partition": partition,
            "raw_offset": offset,
            "event": "page_view",
        }
        return Event(**{**base, **columns})  # type: ignore[arg-type]


def marker(heard: dict[int, int], partitions: int | None = None, topic: str = TOPIC) -> Marker:
    """Arrival times heard, of as many partitions as named unless said."""
    return Marker(raw_topic=topic, partitions=len(heard) if partitions is None else partitions, heard=heard)


END = marker({0: INFINITY})


def final(effects: Effects) -> list[SessionRow]:
    """The rows of closed sessions."""
    return [row for row in effects.sessions if row.is_final]


class Shop:
    """One enriched partition with its table: offsets are given in the order records are sent."""

    def __init__(
        self,
        options: SessionOptions = OPTIONS,
        disorder_ms: int = DISORDER,
        generation: int = 1,
        table: MutableMapping[bytes, bytes] | None = None,
    ) -> None:
        self.table: MutableMapping[bytes, bytes] = {} if table is None else table
        self.options = options
        self.fold = PartitionFold(lambda app: options, disorder_ms, generation, 0, self.table)
        self.next = 0
        self.all: list[Effects] = []

    def send(self, *records: Record) -> Effects:
        """One batch: folded, stored, committed."""
        effects = self.fold.fold(self.number(records))
        for key, value in effects.changes.items():
            if value is None:
                del self.table[key]
            else:
                self.table[key] = value
        self.table[OWN_KEY] = effects.own
        self.fold.commit(effects)
        self.all.append(effects)
        return effects

    def number(self, records: Iterable[Record]) -> list[tuple[int, Record]]:
        numbered = list(enumerate(records, self.next))
        self.next += len(numbered)
        return numbered

    def sessions(self) -> list[tuple[int, int, int]]:
        """(start, end, total_events) of all final rows so far."""
        return [(row.start_tstamp, row.end_tstamp, row.total_events) for e in self.all for row in final(e)]


@pytest.fixture
def raw() -> Raw:
    """Fresh raw partitions."""
    return Raw()


@pytest.fixture
def shop() -> Shop:
    """An empty enriched partition with the default rules."""
    return Shop()


@pytest.fixture
def make_shop() -> Callable[..., Shop]:
    """An empty enriched partition with rules of the test's own."""
    return Shop
