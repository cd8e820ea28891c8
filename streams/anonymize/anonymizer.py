"""One event through all rules: what goes in is unmasked, what comes out is safe to keep."""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from streams.anonymize.compile import Compiler
from streams.anonymize.conditions import Conditions, CountryOf
from streams.anonymize.fields import REQUIRED
from streams.anonymize.hashes import DAY_MS, EventHashes, Hashes
from streams.anonymize.keyring import Keyring
from streams.anonymize.own import repeats_own, strike
from streams.anonymize.program import Program, masked_properties
from streams.anonymize.rules import Rules
from streams.keys import Keys
from streams.outcome import Drop, Reason
from streams.records import NO_ID, Event, ParsedEvent

_ABSENT = "-"  # a log's word for none
_MAY_BE_ABSENT = frozenset({"useragent", "page_referrer"})
_PROGRAMS = 256
_FORGOTTEN = Drop(Reason.KEY_FORGOTTEN)
"""What is left of such a day counts as it is: its visitors cannot be made again."""
_BLANK = Event(
    event_id=NO_ID,
    app_id="",
    event_fingerprint=0,
    collector_tstamp=0,
    derived_tstamp=0,
    arrival_tstamp=0,
    raw_topic="",
    raw_partition=0,
    raw_offset=0,
    event="",
    platform="",
)
"""A copy of it filled in place costs half of what fifty keyword arguments do."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a raw record lies, and what it is: the same for all its events."""

    raw_topic: str
    raw_partition: int
    raw_offset: int
    raw_events: int
    value: bytes
    event_id: str = ""
    """The header's."""


Anonymizer = Callable[[ParsedEvent, Place, int, int, int, int], Event | Drop]
Fill = Callable[[Event, ParsedEvent], str]
"""Fills an event's content from what came in; gives the name of a required field that could not be masked."""


def make_anonymizer(
    keys: Keys, keyring: Keyring, rules: Rules, removed: Counter[str], country_of: CountryOf | None = None
) -> Anonymizer:
    """A function of (event, its record's place, index in it, collector time, derived time, arrival time).

    The event it gives has no raw address and no raw id. ``removed`` counts by field what could not be masked and so was
    removed. The same event under the same keys gives the same output, whatever came before it. ``country_of`` tells
    the country of a network, for rules that ask for it.
    """
    compiler = Compiler(rules.file, Hashes(keys, keyring))
    before = [(number, rule) for number, rule in enumerate(rules.file.rules) if rule.when == "before"]
    rules_for = Conditions(rules.file, before, country_of).rules_for
    rotates, rules_version = compiler.rotates, rules.hash

    @lru_cache(maxsize=_PROGRAMS)
    def program_of(numbers: tuple[int, ...], day: int) -> tuple[Program, Fill, EventHashes | None]:
        program = compiler.program(numbers, day)
        return program, _make_fill(program, removed), program.hashes

    def anonymize(
        raw: ParsedEvent, place: Place, index: int, collector: int, derived: int, arrival: int
    ) -> Event | Drop:
        program, fill, hashes = program_of(rules_for(raw), derived // DAY_MS if rotates else 0)
        if hashes is None:
            return Drop()
        if program.keeps_visitor and hashes.visitor is None:
            return _FORGOTTEN
        event = replace(_BLANK)
        # who and which
        event.event_id = hashes.event_id(
            raw.event_id, place.event_id, place.raw_topic, place.raw_partition, place.raw_offset, index
        )
        if program.keeps_visitor and hashes.visitor is not None:
            event.visitor_id = hashes.visitor(raw, raw.app_id)
        event.event_fingerprint = hashes.fingerprint(place.value, index)
        # when
        event.collector_tstamp, event.derived_tstamp, event.arrival_tstamp = collector, derived, arrival
        event.dvce_created_tstamp, event.dvce_sent_tstamp = raw.dvce_created_tstamp, raw.dvce_sent_tstamp
        # where in the log
        event.raw_topic, event.raw_partition, event.raw_offset = place.raw_topic, place.raw_partition, place.raw_offset
        event.raw_index, event.raw_events, event.raw_size = index, place.raw_events, len(place.value)
        event.rules_version = rules_version
        # what
        return Drop() if fill(event, raw) else event

    return anonymize


def _make_fill(program: Program, removed: Counter[str]) -> Fill:  # noqa: C901, PLR0915 - one loop for each kind of field
    texts, urls, values, numbers = program.texts, program.urls, program.values, program.numbers
    names = [name for name, _ in texts]
    texts_of = attrgetter(*names) if len(names) > 1 else lambda raw: tuple(getattr(raw, name) for name in names)
    functions = [function for _, function in texts]
    named_property, network_of, pseudonyms = program.properties, program.network, program.pseudonyms
    times, own = program.times, program.own
    emptied = [name for name in program.dropped if name in ("dvce_created_tstamp", "dvce_sent_tstamp")]

    def fill(event: Event, raw: ParsedEvent) -> str:
        lost = ""
        kept_texts: list[str] = []
        for name, function, text in zip(names, functions, texts_of(raw), strict=True):
            if text:
                kept = function(text)
                if kept:
                    setattr(event, name, kept)
                    kept_texts.append(kept)
                else:
                    removed[name] += 1
                    if name in REQUIRED:
                        lost = name
        for name, clean_url in urls:
            url = getattr(raw, name)
            if url and not (url == _ABSENT and name in _MAY_BE_ABSENT):
                kept, network = clean_url(url)
                if kept:
                    setattr(event, name, kept)
                    kept_texts.append(kept)
                else:
                    removed[name] += 1
                if network and name == "page_url":
                    event.mkt_network = network
        for name, value in values:
            text = getattr(raw, name)
            if text:
                kept, count = value(text)
                if count:
                    removed[name] += count
                if kept:
                    setattr(event, name, kept)
                    kept_texts.append(kept)
        if named_property is not None and raw.properties:
            event.properties, count = masked_properties(raw.properties, named_property)
            if count:
                removed["properties"] += count
            kept_texts += event.properties
            kept_texts += event.properties.values()
        else:
            event.properties = {}
        for name, coarse in numbers:
            number = getattr(raw, name)
            if number is not None:
                setattr(event, name, number if coarse is None else coarse(number))
        if network_of is not None and raw.ip:
            event.user_ipaddress = network_of(raw.ip)
            if not event.user_ipaddress and raw.ip != _ABSENT:
                removed["user_ipaddress"] += 1
        for name, pseudonym in pseudonyms:
            text = getattr(raw, name)
            if text:
                kept = pseudonym(text)
                setattr(event, name, kept)
                if not kept:
                    removed[name] += 1
        event.bot_indicators = []
        if event.useragent == _ABSENT:
            event.useragent = ""
        for name in emptied:
            setattr(event, name, None)
        for name, coarse_time in times:
            tstamp = getattr(event, name)
            if tstamp is not None:
                setattr(event, name, coarse_time(tstamp))
        if own and repeats_own(raw, "\n".join(kept_texts)):
            removed.update(strike(event, raw, own))
            lost = lost or next((name for name in REQUIRED if not getattr(event, name) and getattr(raw, name)), "")
        return lost

    return fill
