"""What happens to a raw batch, in order: the enrich worker's table of contents. Pure: bytes in, bytes out."""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from streams import __version__
from streams.anonymize.after import Finish, make_after
from streams.anonymize.anonymizer import Anonymizer, Place, make_anonymizer
from streams.anonymize.compile import make_app_id
from streams.anonymize.conditions import CountryOf
from streams.anonymize.keyring import Keyring, SecretKeyring
from streams.anonymize.rules import Rules, asks_for_country, read_rules
from streams.encode import encode, partition_of
from streams.enrich.enricher import Enricher, Lookups, make_enricher
from streams.enrich.geo import make_country
from streams.enrich.sources import open_lookups
from streams.errors import ConfigError
from streams.keys import Keys
from streams.outcome import Dead, Drop, Reason, Verdict
from streams.parse.combined import make_combined
from streams.parse.result import Empty, Headers, Parsed, Parser
from streams.parse.segment import make_segment
from streams.parse.times import TimesOf, header_tstamp, make_arrival, make_times
from streams.records import DeadLetter, ParsedEvent, RawBatch, RawRecord
from streams.settings import Settings
from streams.settle import make_letter, make_outcome

UNHEARD = -1
_ACCEPTED = (Verdict.ACCEPTED.value, Reason.NONE.value)
_DAY_MS = 86_400_000
BATCH_OVERHEAD = 1024
"""Bytes of the largest batch that are left for what Kafka says about a record."""


class PipelineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the stages; times in milliseconds."""

    enriched_partitions: int
    app_id: str = "default"
    format: str | None = None
    bounded: bool = False
    disorder_ms: int = 600_000
    max_age_ms: int = 400 * _DAY_MS
    max_event_bytes: int = (1 << 20) - BATCH_OVERHEAD
    """A longer record of the enriched topic could not be written."""


class EnrichedBatch(msgspec.Struct, kw_only=True):
    """What one raw batch became."""

    partitions: list[list[bytes]]
    """Per enriched partition its encoded events and outcomes, in raw order."""
    dead: list[DeadLetter] = []
    heard: int = UNHEARD
    """Highest arrival time in the batch, milliseconds; UNHEARD where it tells none."""
    ended: bool = False
    """The raw partition's ``end`` record was in it (bounded input only)."""
    counts: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    """(verdict, reason) → raw events, for metrics. Only the fold tells late and duplicate from accepted."""
    removed: dict[str, int] = {}
    """Field → values that could not be masked and so were removed."""


class Ready(msgspec.Struct, frozen=True, gc=False):
    """One event as it will be sent: its enriched partition, its bytes, its arrival time."""

    partition: int
    value: bytes
    arrival: int


Pipeline = Callable[[RawBatch], EnrichedBatch]
Parse = Callable[[RawRecord, Headers], Sequence[ParsedEvent | Dead | Empty]]
One = Callable[[ParsedEvent, Place, int, int, int | None], Ready | Dead | Drop]


def make_pipeline(options: PipelineOptions, keys: Keys, keyring: Keyring, rules: Rules, lookups: Lookups) -> Pipeline:
    """The function from a raw batch to an enriched one. The same raw records give the same bytes in any cut.

    Each raw event becomes exactly one event or outcome in some partition. A bug in a stage costs one event (dead,
    ``internal``), not the batch. The function is for one thread. Raises ConfigError for a rule that asks for the
    country where there is no geo database.
    """
    removed: Counter[str] = Counter()
    n, bounded, app_id = options.enriched_partitions, options.bounded, options.app_id
    parse = make_parse(options)
    times = make_times(options.disorder_ms, options.max_age_ms, bounded)
    most_bytes = options.max_event_bytes
    anonymize = make_anonymizer(keys, keyring, rules, removed, country_lookup(rules, lookups))
    after = make_after(keys, keyring, rules, removed)
    one = make_one(app_id, n, times, anonymize, make_enricher(lookups), after, most_bytes)
    masked_app_id = make_app_id(keys, keyring, rules)
    arrival_of = make_arrival(options.disorder_ms, bounded)

    def run(batch: RawBatch) -> EnrichedBatch:
        removed.clear()
        topic, partition = batch.topic, batch.partition
        out = EnrichedBatch(partitions=[[] for _ in range(n)])
        partitions, heard, accepted = out.partitions, UNHEARD, 0
        # A record without event has no visitor: any fixed partition keeps its raw partition's order there.
        own = partitions[partition % n]
        for record in batch.records:
            headers = read_headers(record.headers)
            tstamp = header_tstamp(headers)
            items = parse(record, headers)
            place = Place(topic, partition, record.offset, len(items), record.value or b"", headers.get("event_id", ""))
            for index, item in enumerate(items):
                done = one(item, place, index, record.timestamp, tstamp) if isinstance(item, ParsedEvent) else item
                if isinstance(done, Ready):
                    partitions[done.partition].append(done.value)
                    accepted += 1
                    heard = max(heard, done.arrival)
                    continue
                arrival = max(0, arrival_of(record.timestamp, tstamp))
                if tstamp is not None or not bounded:  # in bounded input Kafka's clock says nothing
                    heard = max(heard, arrival)
                outcome = make_outcome(done, place, index, masked_app_id(headers.get("app_id") or app_id), arrival)
                value = encode(outcome)
                if len(value) > most_bytes:  # a header can be as long as a record
                    outcome.app_id = app_id
                    value = encode(outcome)
                own.append(value)
                out.counts[outcome.outcome, outcome.reason] += 1
                if isinstance(done, Dead):
                    out.dead.append(make_letter(done, place, index, record.headers))
                if bounded and is_end(headers):
                    out.ended = True
        out.heard, out.removed = heard, dict(removed)
        if accepted:
            out.counts[_ACCEPTED] = accepted
        return out

    return run


def country_lookup(rules: Rules, lookups: Lookups) -> CountryOf | None:
    """The country of a network, for rules that ask. Raises ConfigError where one does and no database knows."""
    if lookups.city is not None:
        return make_country(lookups.city)
    if asks_for_country(rules):
        raise ConfigError("a rule asks for the country, and there is no geo database", "set geo.city")
    return None


def make_one(  # noqa: PLR0913 - the stages, in their order
    app_id: str,
    partitions: int,
    times: TimesOf,
    anonymize: Anonymizer,
    enrich: Enricher,
    after: Finish | None,
    max_bytes: int,
) -> One:
    """One parsed event through the stages behind the parser; never raises. Dead where it encodes to more bytes."""

    def one(raw: ParsedEvent, place: Place, index: int, kafka: int, header: int | None) -> Ready | Dead | Drop:
        try:
            if not raw.app_id:
                raw.app_id = app_id
            # when: collector, arrival and derived time
            when = times(raw, kafka, header)
            if isinstance(when, Dead):
                return when
            # who and what may be known: from here on no raw address, no raw id
            event = anonymize(raw, place, index, when.collector, when.derived, when.arrival)
            if isinstance(event, Drop):
                return event
            # what it means: device, bot, place, page, referrer, campaign, channel
            enrich(event)
            # what of that may be kept, by the rules that say `when: after`
            if after is not None and (dropped := after(event)) is not None:
                return dropped
            # where: all of a visitor's events in one partition
            target = partition_of(event.app_id, event.visitor_id, event.event_id, partitions)
            value = encode(event)
            if len(value) > max_bytes:
                return Dead(Reason.TOO_LARGE, f"{len(value)} bytes as an event")
            return Ready(target, value, when.arrival)
        except UnicodeError as problem:
            return Dead(Reason.ENCODING, type(problem).__name__)
        except Exception as problem:  # noqa: BLE001 - a bug must cost one event, not the partition
            return Dead(Reason.INTERNAL, type(problem).__name__)

    return one


def make_parse(options: PipelineOptions) -> Parse:
    """A record's events by its format: header ``format``, else the settings'. Never empty, never raises."""
    parsers: dict[str, Parser] = {"combined": make_combined(), "segment": make_segment()}
    default, bounded = options.format or "", options.bounded

    def parse(record: RawRecord, headers: Headers) -> Sequence[ParsedEvent | Dead | Empty]:
        if bounded and is_end(headers):
            return (Empty(Reason.CONTROL),)
        if record.value is None:
            return (Empty(Reason.BLANK),)
        name = headers.get("format") or default
        parser = parsers.get(name)
        if parser is None:
            return (Dead(Reason.FORMAT_UNKNOWN, name),)
        try:
            parsed: Parsed = parser(record.value, headers)
        except Exception as problem:  # noqa: BLE001 - as in make_one
            return (Dead(Reason.INTERNAL, type(problem).__name__),)
        return (parsed or (Empty(Reason.BLANK),)) if isinstance(parsed, list) else (parsed,)

    return parse


def read_headers(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, str]:
    """Kafka headers as text; bytes that are no UTF-8 become U+FFFD, the last of equal names counts."""
    return {name: value.decode("utf-8", "replace") for name, value in headers if value is not None}


def is_end(headers: Headers) -> bool:
    """Whether the record is the last of a bounded raw partition."""
    return headers.get("control") == "end"


def build(settings: Settings, secret: bytes, enriched_partitions: int) -> Pipeline:
    """The pipeline of these settings. Raises ValueError for a short secret, ConfigError for bad geo files or rules."""
    options = PipelineOptions(
        enriched_partitions=enriched_partitions,
        app_id=settings.app_id,
        format=settings.format,
        bounded=settings.bounded,
        disorder_ms=settings.disorder * 1000,
        max_age_ms=settings.max_age_days * _DAY_MS,
        max_event_bytes=settings.kafka.max_batch_bytes - BATCH_OVERHEAD,
    )
    rules, lookups = read_rules(settings.rules), open_lookups(settings.geo, __version__)
    return make_pipeline(options, Keys(secret), SecretKeyring(secret), rules, lookups)
