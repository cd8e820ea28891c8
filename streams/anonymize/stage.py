"""Both halves of the stage over one event, without what lies between them; for examples and previews."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from streams.anonymize.after import make_after
from streams.anonymize.anonymizer import Place, make_anonymizer
from streams.anonymize.conditions import CountryOf
from streams.anonymize.fields import ADDRESS, BEFORE
from streams.anonymize.keyring import Keyring
from streams.anonymize.rules import Rules
from streams.anonymize.tree import text_of
from streams.keys import Keys
from streams.outcome import Drop
from streams.records import NO_ID, Event, ParsedEvent

Enrich = Callable[[Event], None]
Times = tuple[int, int, int]
"""Collector, derived and arrival time, milliseconds."""
Run = Callable[[ParsedEvent, Place, Times, Enrich], Event | None]
_RAW_NAMES = {ADDRESS: "ip"}
_TIMES = ("collector_tstamp", "derived_tstamp")


def make_stage(
    keys: Keys, keyring: Keyring, rules: Rules, removed: Counter[str], country_of: CountryOf | None = None
) -> Run:
    """A function of (event, place, times, enrichment); None where a rule drops the event."""
    anonymize = make_anonymizer(keys, keyring, rules, removed, country_of)
    after = make_after(keys, keyring, rules, removed)

    def run(raw: ParsedEvent, place: Place, times: Times, enrich: Enrich) -> Event | None:
        event = anonymize(raw, place, 0, *times)
        if isinstance(event, Drop):
            return None
        enrich(event)
        return None if after is not None and after(event) is not None else event

    return run


def raw_fields(raw: ParsedEvent) -> dict[str, str]:
    """What an event comes in with, as text by field; each property for itself. Absent fields are left out."""
    named = {name: getattr(raw, _RAW_NAMES.get(name, name), None) for name in BEFORE if name not in _TIMES}
    return _as_texts(named)


def kept_fields(event: Event) -> dict[str, str]:
    """The same of an event that is anonymized; ids in hex."""
    values = {name: getattr(event, name) for name in event.__struct_fields__}
    return _as_texts({name: value for name, value in values.items() if value != NO_ID})


def _as_texts(values: dict[str, Any]) -> dict[str, str]:
    properties = values.pop("properties", None) or {}
    values |= {f"properties.{name}": value for name, value in properties.items()}
    return {name: _as_text(value) for name, value in values.items() if value not in (None, "", [])}


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return text_of(msgspec.to_builtins(value))
