"""No input makes the pipeline raise; each is accounted for; its mates are stored. THALWEG_CASES: examples a test."""

import json
import os
import resource
from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams import __version__
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.rules import default_rules
from streams.encode import decode
from streams.enrich.sources import open_lookups
from streams.keys import Keys
from streams.outcome import Reason
from streams.pipeline import EnrichedBatch, PipelineOptions, make_pipeline
from streams.records import Event, Outcome, RawBatch
from streams.settings import GeoSettings
from tests.property.poison import CORPUS, body, bombs, collector_payload, contexts, encoded, self_describing, tp2

CASES = int(os.environ.get("THALWEG_CASES", "40"))
NOW = 1_716_164_900_000
SECRET = b"a secret of at least thirty-two bytes"
pipeline = make_pipeline(
    PipelineOptions(enriched_partitions=2),
    Keys(SECRET),
    SecretKeyring(SECRET),
    default_rules(),
    open_lookups(GeoSettings(), __version__),
)


class Raw(msgspec.Struct, frozen=True):
    """A raw record as aiokafka gives it."""

    offset: int
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int = NOW


def run(records: Sequence[Raw]) -> EnrichedBatch:
    """One batch."""
    return pipeline(RawBatch("raw@1", 0, records))


def sent(batch: EnrichedBatch) -> list[Event | Outcome]:
    """All that would be sent."""
    found = [decode(value) for values in batch.partitions for value in values]
    return [record for record in found if isinstance(record, Event | Outcome)]


def check_books(records: Sequence[Raw], batch: EnrichedBatch) -> None:
    """Every (offset, index) of every record stands there once, and as many as the record is said to hold; each dead one
    has a letter, and each record at most one letter with its bytes; nothing is a bug of ours."""
    told = Counter((record.raw_offset, record.raw_index) for record in sent(batch))
    held: dict[int, set[int]] = {}
    for record in sent(batch):
        events = record.raw_events if isinstance(record, Event) else record.events
        held.setdefault(record.raw_offset, set()).add(events)
    assert set(told.values()) <= {1}
    assert set(held) == {record.offset for record in records}
    for offset, counts in held.items():
        (count,) = counts
        assert {index for at, index in told if at == offset} == set(range(count))
    dead = {
        (record.raw_offset, record.raw_index)
        for record in sent(batch)
        if isinstance(record, Outcome) and record.outcome == "dead"
    }
    assert {(letter.raw_offset, letter.raw_index) for letter in batch.dead} == dead
    carrying = Counter(letter.raw_offset for letter in batch.dead if letter.carrier is None)
    assert set(carrying.values()) <= {1}
    assert all((letter.value is None) == (letter.carrier is not None) for letter in batch.dead)
    assert not batch.counts[("dead", Reason.INTERNAL.value)], [letter.detail for letter in batch.dead]


def header(format: str) -> tuple[tuple[str, bytes], ...]:
    return (("format", format.encode()), ("app_id", b"shop"))


GOOD = Raw(0, body(tp2(eid="0190f000-0000-7000-8000-000000000001")), header("snowplow"))


@pytest.mark.parametrize("format", CORPUS)
def test_corpus(format: str) -> None:
    """Each poison between two good records: both are stored, and the books are right."""
    for number, value in enumerate(CORPUS[format]):
        for name in {format, "snowplow"} if len(value) < 1_000 else {format}:
            records = [GOOD, Raw(1, value, header(name)), msgspec.structs.replace(GOOD, offset=2)]
            batch = run(records)
            check_books(records, batch)
            stored = {record.raw_offset for record in sent(batch) if isinstance(record, Event)}
            assert {0, 2} <= stored, (number, value[:80])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "", "\0", "x" * 9_999])
def test_compressed_corpus(encoding: str) -> None:
    """Bombs and broken streams are dead or what they say; memory stays small."""
    records = [
        Raw(n, value, (*header("snowplow"), ("content_encoding", encoding.encode()))) for n, value in enumerate(bombs())
    ]

    check_books(records, run(records))


def test_lying_lengths_cost_no_memory() -> None:
    """All Thrift poison together raises the peak of the process by less than 64 MB."""
    records = [Raw(n, value, header("snowplow-thrift")) for n, value in enumerate(CORPUS["snowplow-thrift"])]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    check_books(records, run(records))

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    "e p tv eid aid url page refr res vp ds dtm stm ttm duid nuid uid sid vid ip ua se_va se_ac pp_mix tr_tt cx co "
    "ue_px ue_pr cd cookie zzz".split()
)
GOOD_VALUES = st.sampled_from(["pv", "ue", "se", "pp", "web", "1", "1920x1080", "1716164880000", "", "x", "-", "%00"])
events = st.dictionaries(KEYS, GOOD_VALUES | st.text(max_size=30) | json_values, max_size=8)
self_described = st.builds(
    lambda schema, data, more: tp2(e="ue", ue_px=encoded(self_describing(schema, data)), co=contexts((schema, more))),
    st.sampled_from(
        [
            "iglu:com.acme/a/jsonschema/1-0-0",
            "iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2",
            "iglu:com.snowplowanalytics.snowplow/browser_context/jsonschema/2-0-0",
            "iglu:com.snowplowanalytics.snowplow/mobile_context/jsonschema/1-0-3",
            "iglu:com.gitlab/custom_event/jsonschema/1-0-0",
            "nothing",
        ]
    ),
    json_values,
    json_values
    | st.fixed_dictionaries(
        {
            "userId": json_values,
            "sessionIndex": json_values,
            "webdriver": json_values,
            "resolution": st.text(max_size=9),
        }
    ),
)
bodies = st.lists(events | self_described | json_values, max_size=5).map(
    lambda found: json.dumps(
        {"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": found}
    ).encode()
)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A piece of the corpus with some bytes changed, doubled or gone."""
    format = draw(st.sampled_from(sorted(CORPUS)))
    value = bytearray(draw(st.sampled_from([each[:3_000] for each in CORPUS[format]])))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(value)))
        value[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    return format, bytes(value)


@settings(max_examples=CASES * 4, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(CORPUS)), st.binary(max_size=200))
        | bodies.map(lambda b: ("snowplow", b))
        | mutated(),
        max_size=4,
    )
)
def test_any_bytes(inputs: list[tuple[str, bytes]]) -> None:
    """Whatever comes in whatever format: nothing raises, and the books are right."""
    records = [Raw(n, value, header(format)) for n, (format, value) in enumerate(inputs)]

    check_books(records, run(records))


@settings(max_examples=CASES * 2, deadline=None)
@given(
    st.text(max_size=40),
    st.text(max_size=40),
    st.lists(st.text(max_size=20), max_size=3),
    st.binary(max_size=100) | bodies,
)
def test_any_collector_payload(query: str, agent: str, lines: list[str], value: bytes) -> None:
    """The same through Thrift, whose texts are any Unicode."""
    payload = collector_payload(querystring=query, useragent=agent, headers=lines, body=value)
    records = [Raw(0, payload, header("snowplow-thrift"))]

    check_books(records, run(records))


@settings(max_examples=CASES, deadline=None)
@given(
    st.lists(st.booleans(), min_size=1, max_size=20),
    st.sampled_from(
        [
            b'{"e":"pv","uid":"\\ud800"}',
            b'{"e":1}',
            b"[]",
            b'{"a":"\\u0000"}',
            b'{"e":"pv","page":"\xff"}',
            b'{"cx":' + b"[" * 60 + b"]" * 60 + b"}",
        ]
    ),
)
def test_a_bad_event_leaves_its_mates(pattern: list[bool], bad: bytes) -> None:
    """Good and bad events of one body in any order: the good are events, the bad dead, one letter has the bytes."""
    good = json.dumps(tp2()).encode()
    value = b'{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[%b]}' % b",".join(
        good if is_good else bad for is_good in pattern
    )
    records = [Raw(0, value, header("snowplow"))]
    batch = run(records)

    check_books(records, batch)
    assert {record.raw_index: isinstance(record, Event) for record in sent(batch)} == dict(enumerate(pattern))
    assert sum(len(letter.value or b"") for letter in batch.dead) in {0, len(value)}
