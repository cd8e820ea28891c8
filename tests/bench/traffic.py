"""Enriched events of simulated traffic, by the real stages, without a broker."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from aiokafka.structs import ConsumerRecord

from streams import pipeline
from streams.encode import decode
from streams.keys import Keys
from streams.load import sorted_records
from streams.records import Event, RawBatch, Record
from streams.settings import load_settings
from streams.simulate import write_demo

SECRET = b"s" * 32
_SLICE = 5000


@cache
def enriched(events: int) -> list[Record]:
    """The records of one enriched partition, made from so many simulated lines; in raw order."""
    with tempfile.TemporaryDirectory(prefix="thalweg-bench-") as name:
        return [record for batch in _batches(Path(name), events) for record in batch]


def _batches(folder: Path, events: int) -> Iterator[list[Record]]:
    settings = load_settings(None).model_copy(update={"bounded": True})
    work = pipeline.build(settings, SECRET, 1)
    lines = sorted_records([write_demo(folder, events, 1)], "segment", Keys(SECRET), "", folder)
    records = [
        ConsumerRecord("raw", 0, at, r.tstamp, 0, None, r.value, None, len(r.value), -1, tuple(r.headers))
        for at, r in enumerate(lines)
    ]
    for at in range(0, len(records), _SLICE):
        batch = work(RawBatch("raw@1", 0, records[at : at + _SLICE]))
        yield [decode(value) for value in batch.partitions[0]]


def journeys(events: int, length: int) -> list[list[Event]]:
    """What visitors do, ``length`` events each: those of the simulation, repeated where they are shorter."""
    by_visitor: defaultdict[bytes, list[Event]] = defaultdict(list)
    for record in enriched(events):
        if isinstance(record, Event):
            by_visitor[record.visitor_id].append(record)
    return [(found * length)[:length] for found in by_visitor.values() if len(found) > 2]
