"""The enrich worker's stages over canaries, without Kafka and tables: fast enough to try many rules files."""

import base64
import json
from collections.abc import Iterator

import msgspec

from streams import __version__
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.rules import Rules
from streams.enrich.sources import open_lookups
from streams.keys import Keys
from streams.pipeline import EnrichedBatch, PipelineOptions, make_pipeline
from streams.records import RawBatch
from streams.scan.records import texts_of
from streams.scan.scanner import Scanner
from streams.settings import GeoSettings
from tests.canary.values import make_finder

SECRET = b"offline canaries, offline canaries"


class Raw(msgspec.Struct):
    """A raw record."""

    offset: int
    timestamp: int
    value: bytes
    headers: list[tuple[str, bytes]]


def raw_records(lines: Iterator[bytes]) -> Iterator[Raw]:
    """The records of a records file."""
    for offset, line in enumerate(lines):
        record = json.loads(line)
        headers = [(name, text.encode()) for name, text in record["headers"].items()]
        yield Raw(offset, int(record["headers"]["collector_tstamp"]), base64.b64decode(record["value_base64"]), headers)


def enriched(lines: Iterator[bytes], rules: Rules) -> EnrichedBatch:
    """What the enrich worker makes of the lines."""
    lookups = open_lookups(GeoSettings(), __version__)
    run = make_pipeline(PipelineOptions(enriched_partitions=1), Keys(SECRET), SecretKeyring(SECRET), rules, lookups)
    return run(RawBatch("raw@1", 0, list(raw_records(lines))))


def survivors(lines: Iterator[bytes], rules: Rules, persons: int) -> set[str]:
    """Fields of the enriched records in which a canary is found."""
    scanner = Scanner({}, b"k" * 32, make_finder(persons))
    for value in enriched(lines, rules).partitions[0]:
        for field, text in texts_of(value):
            scanner.scan(field, text)
    return {find.place for find in scanner.finds}
