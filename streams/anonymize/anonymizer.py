"""One event through all rules: what goes in is unmasked, what comes out is safe to keep."""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from streams.anonymize.compile import Compiler
from streams.anonymize.conditions import Conditions, CountryOf
from streams.anonymize.fields import DEVICES, IDS
from streams.anonymize.fill import Fill, make_fill
from streams.anonymize.hashes import DAY_MS, EventHashes, Hashes
from streams.anonymize.keyring import Keyring
from streams.anonymize.program import Program
from streams.anonymize.rules import Rules
from streams.keys import Keys
from streams.outcome import Drop, Reason
from streams.records import NO_ID, Event, ParsedEvent

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


UUID_SIGNS = 36
"""Only what is as long as a UUID would be kept as it is."""
_someones = attrgetter(*DEVICES, *IDS)


def _given_id(raw: ParsedEvent) -> str:
    """The tracker's id of the event; written as no UUID is, and so hashed, where it is someone's id too."""
    given = raw.event_id
    return f"own:{given}" if len(given) == UUID_SIGNS and given.lower() in "\n".join(_someones(raw)).lower() else given


Anonymizer = Callable[[ParsedEvent, Place, int, int, int, int], Event | Drop]


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
    conditions = Conditions(rules.file, before, country_of)
    rules_for, rotates, rules_version = conditions.rules_for, compiler.rotates, rules.hash

    @lru_cache(maxsize=_PROGRAMS)
    def program_of(numbers: tuple[int, ...], day: int) -> tuple[Program, Fill, EventHashes | None]:
        program = compiler.program(numbers, day)
        return program, make_fill(program, removed), program.hashes

    fixed = program_of(conditions.always, 0) if conditions.always is not None and not rotates else None

    def anonymize(
        raw: ParsedEvent, place: Place, index: int, collector: int, derived: int, arrival: int
    ) -> Event | Drop:
        program, fill, hashes = fixed or program_of(rules_for(raw), derived // DAY_MS if rotates else 0)
        if hashes is None:
            return Drop()
        if program.keeps_visitor and hashes.visitor is None:
            return _FORGOTTEN
        event = replace(_BLANK)
        # who and which
        event.event_id = hashes.event_id(
            _given_id(raw), place.event_id, place.raw_topic, place.raw_partition, place.raw_offset, index
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
        return event if fill(event, raw) else Drop()

    return anonymize
