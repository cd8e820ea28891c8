"""What happens to a raw batch, in order: the enrich worker's table of contents. Pure: bytes in, bytes out."""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence

import msgspec

from streams import __version__
from streams.anonymize.after import Finish, make_after
from streams.anonymize.anonymizer import Anonymizer, Place, make_anonymizer
from streams.anonymize.compile import make_app_id
from streams.anonymize.conditions import CountryOf
from streams.anonymize.keyring import Keyring
from streams.anonymize.own import repeats_own
from streams.anonymize.rules import Rules, asks_for_country, keys_of, read_rules
from streams.encode import encode, partition_of
from streams.enrich.enricher import Enricher, Lookups, make_enricher
from streams.enrich.geo import make_country
from streams.enrich.sources import open_lookups
from streams.errors import ConfigError
from streams.keyring import open_ring
from streams.keys import Keys
from streams.outcome import Dead, Drop, Reason, Verdict
from streams.parse.admission import Admission, Limits, make_admission
from streams.parse.options import ParseOptions
from streams.parse.reading import is_end, make_reading
from streams.parse.result import Empty
from streams.parse.times import TimesOf, header_tstamp, make_arrival, make_times
from streams.records import DeadLetter, ParsedEvent, RawBatch
from streams.schemas import open_check
from streams.settings import LimitSettings, Settings
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
    parse: ParseOptions = ParseOptions()
    limits: Limits = Limits()
    app_limits: Mapping[str, Limits] = {}
    known_apps_only: bool = False
    """An app that is not in ``app_limits`` is dead."""
    hosts: Mapping[str, str] = {}
    """App → scheme and host of its pages, for logs that name none."""


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
One = Callable[[ParsedEvent, Place, int, int, int | None], Ready | Dead | Drop]


def make_pipeline(options: PipelineOptions, keys: Keys, keyring: Keyring, rules: Rules, lookups: Lookups) -> Pipeline:
    """The function from a raw batch to an enriched one. The same raw records give the same bytes in any cut.

    Each raw event becomes exactly one event or outcome in some partition. A bug in a stage costs one event (dead,
    ``internal``), not the batch. The function is for one thread. Raises ConfigError for a rule that asks for the
    country where there is no geo database.
    """
    removed: Counter[str] = Counter()
    n, bounded, app_id = options.enriched_partitions, options.bounded, options.app_id
    parse = make_reading(options.format or "", bounded, options.parse)
    admission = make_admission(options.limits, options.app_limits, options.known_apps_only)
    times = make_times(options.disorder_ms, options.max_age_ms, bounded)
    most_bytes = options.max_event_bytes
    prepare = make_prepare(app_id, options.hosts, admission)
    anonymize = make_anonymizer(keys, keyring, rules, removed, country_lookup(rules, lookups))
    after = make_after(keys, keyring, rules, removed)
    one = make_one(prepare, n, times, anonymize, make_enricher(lookups), after, most_bytes)
    masked_app_id = make_app_id(keys, keyring, rules)
    arrival_of = make_arrival(options.disorder_ms, bounded)
    app_of = make_app_of(app_id, options.app_limits if options.known_apps_only else None)

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
            carrier: int | None = None
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
                app = app_of(item, headers)
                outcome = make_outcome(done, place, index, masked_app_id(app), arrival)
                value = encode(outcome)
                if len(value) > most_bytes:  # a header can be as long as a record
                    outcome.app_id = app_id
                    value = encode(outcome)
                own.append(value)
                out.counts[outcome.outcome, outcome.reason] += 1
                if isinstance(done, Dead):
                    out.dead.append(make_letter(done, place, index, record.headers, carrier))
                    carrier = index if carrier is None else carrier
                if bounded and is_end(headers):
                    out.ended = True
        out.heard, out.removed = heard, dict(removed)
        if accepted:
            out.counts[_ACCEPTED] = accepted
        return out

    return run


Prepare = Callable[[ParsedEvent, int, int], Dead | None]


def make_prepare(app_id: str, hosts: Mapping[str, str], admission: Admission) -> Prepare:
    """A function of (event, bytes of its record, events of its record): fills in place what the input does not name,
    the app and the host of a log's page; then says why the event is not taken, or None."""

    def prepare(raw: ParsedEvent, size: int, events: int) -> Dead | None:
        if not raw.app_id:
            raw.app_id = app_id
        if hosts and raw.page_url[:1] == "/" and raw.app_id in hosts:
            raw.page_url = hosts[raw.app_id] + raw.page_url
        return admission(raw, size, events)

    return prepare


def country_lookup(rules: Rules, lookups: Lookups) -> CountryOf | None:
    """The country of a network, for rules that ask. Raises ConfigError where one does and no database knows."""
    if lookups.city is not None:
        return make_country(lookups.city)
    if asks_for_country(rules):
        raise ConfigError("a rule asks for the country, and there is no geo database", "set geo.city")
    return None


def make_one(  # noqa: PLR0913 - the stages, in their order
    prepare: Prepare,
    partitions: int,
    times: TimesOf,
    anonymize: Anonymizer,
    enrich: Enricher,
    after: Finish | None,
    max_bytes: int,
) -> One:
    """One parsed event through the stages behind the parser; never raises. Dead where it encodes to more bytes."""

    def one(  # noqa: PLR0911 - each stage may end it
        raw: ParsedEvent, place: Place, index: int, kafka: int, header: int | None
    ) -> Ready | Dead | Drop:
        try:
            # whose: an app that may send it
            refused = prepare(raw, len(place.value), place.raw_events)
            if refused is not None:
                return refused
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


def make_app_of(
    default: str, known: Container[str] | None
) -> Callable[[ParsedEvent | Dead | Empty, Mapping[str, str]], str]:
    """Whose an outcome is, by (what was read, headers): the event's app, else the header's, else the default.

    One that is not ``known`` (None: all are) is no name for the books, nor is one that has an id of its event in it:
    outcomes carry no content.
    """

    def app_of(item: ParsedEvent | Dead | Empty, headers: Mapping[str, str]) -> str:
        if isinstance(item, ParsedEvent) and item.app_id and repeats_own(item, item.app_id):
            return default
        named = item.app_id if isinstance(item, ParsedEvent) else ""
        return next((app for app in (named, headers.get("app_id")) if app and (known is None or app in known)), default)

    return app_of


def read_headers(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, str]:
    """Kafka headers as text; bytes that are no UTF-8 become U+FFFD, the last of equal names counts."""
    return {name: value.decode("utf-8", "replace") for name, value in headers if value is not None}


def build(
    settings: Settings,
    secret: bytes,
    enriched_partitions: int,
    lookups: Lookups | None = None,
    rules: Rules | None = None,
    keyring: Keyring | None = None,
) -> Pipeline:
    """The pipeline of these settings. Raises ValueError for a short secret, ConfigError for what cannot be used.

    ``lookups``, ``rules`` and ``keyring`` are those of the settings where they are already open.
    """
    limits = [settings.limits, *(app.limits for app in settings.apps.values())]
    options = PipelineOptions(
        enriched_partitions=enriched_partitions,
        app_id=settings.app_id,
        format=settings.format,
        bounded=settings.bounded,
        disorder_ms=settings.disorder * 1000,
        max_age_ms=settings.max_age_days * _DAY_MS,
        max_event_bytes=settings.kafka.max_batch_bytes - BATCH_OVERHEAD,
        parse=ParseOptions(
            record_bytes=max(each.record_bytes for each in limits),
            record_events=max(each.record_events for each in limits),
            check=open_check(settings.schemas.folder, settings.schemas.unknown),
        ),
        limits=_limits(settings.limits),
        app_limits={app: _limits(own.limits) for app, own in settings.apps.items()},
        known_apps_only=settings.unknown_apps == "dead",
        hosts={app: _site(own.hosts[0]) for app, own in settings.apps.items() if own.hosts},
    )
    rules = rules or read_rules(settings.rules)
    lookups = lookups or open_lookups(settings.geo, __version__, settings.enrich)
    keyring = keyring or open_ring(settings, keys_of(rules), secret=secret)
    return make_pipeline(options, Keys(secret), keyring, rules, lookups)


def _limits(settings: LimitSettings) -> Limits:
    return Limits(settings.record_bytes, settings.record_events, settings.properties)


def _site(host: str) -> str:
    """A host as the beginning of its URLs."""
    return host if "://" in host else f"https://{host}"
