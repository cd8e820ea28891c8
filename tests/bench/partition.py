"""One enriched partition as the sessions worker keeps it, without broker and warehouse."""

from collections.abc import Iterator, MutableMapping, Sequence
from hashlib import blake2b

import msgspec

from streams.records import OWN_KEY, Event, Marker, Record
from streams.sessionize.effects import Effects
from streams.sessionize.options import make_options_of
from streams.sessionize.partition import PartitionFold
from streams.sessionize.shared import SharedTexts
from streams.settings import load_settings

BEGIN = 1_772_430_000_000
TOPIC = "raw@1"


class Partition:
    """Fold, table, commit; ``next`` is the next enriched offset."""

    def __init__(self, table: MutableMapping[bytes, bytes] | None = None) -> None:
        settings = load_settings(None)
        self.table = SharedTexts() if table is None else table
        options_of = make_options_of(settings.sessions, settings.apps)
        self.fold = PartitionFold(options_of, settings.disorder * 1000, 1, 0, self.table)
        self.next = self.fold.applied + 1

    def take(self, records: Sequence[Record]) -> Effects:
        """One batch."""
        effects = self.fold.fold(enumerate(records, self.next))
        self.next += len(records)
        for key, value in effects.changes.items():
            if value is None:
                self.table.pop(key, None)
            else:
                self.table[key] = value
        self.table[OWN_KEY] = effects.own
        self.fold.commit(effects)
        return effects


def heard(arrival: int) -> Marker:
    """The one raw partition's."""
    return Marker(raw_topic=TOPIC, partitions=1, heard={0: arrival})


def id16(*parts: int) -> bytes:
    """16 bytes that no other parts give."""
    return blake2b(repr(parts).encode(), digest_size=16).digest()


def waves(journeys: list[list[Event]], visitors: int, size: int, begin: int = 0) -> Iterator[list[Record]]:
    """The events of so many visitors, ``size`` of each in a batch, a second apart; of fresh ids."""
    length = len(journeys[0])
    for at in range(0, length, size):
        yield [
            _event(journeys[visitor % len(journeys)][at + k], visitor, at + k, begin)
            for k in range(size)
            for visitor in range(begin, begin + visitors)
        ]


def _event(event: Event, visitor: int, number: int, begin: int) -> Event:
    time = BEGIN + number * 1000 + visitor % 997
    return msgspec.structs.replace(
        event,
        app_id="shop",
        visitor_id=id16(visitor),
        event_id=id16(visitor, number),
        derived_tstamp=time,
        arrival_tstamp=time + 300 + visitor % 501,
        raw_topic=TOPIC,
        raw_offset=(begin + number) * 10_000 + visitor,
    )
