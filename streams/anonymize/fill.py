"""Fills an event's content from what came in, kind by kind of field, as a program says."""

from collections import Counter
from collections.abc import Callable
from itertools import compress
from operator import attrgetter

from streams.anonymize.fields import REQUIRED
from streams.anonymize.generalize import number_text
from streams.anonymize.own import repeats_own, strike
from streams.anonymize.program import Program, masked_properties
from streams.records import Event, ParsedEvent

ABSENT = "-"  # a log's word for none
_ALWAYS_TWO = ("event", "app_id")
"""With them attrgetter gives a tuple however few texts there are."""
Fill = Callable[[Event, ParsedEvent], bool]
"""False where a field that an event must have could not be masked."""
Part = Callable[[Event, ParsedEvent, list[str]], None]
"""Fills fields of one kind; adds to the list the texts in which an id of the event may be repeated."""


def make_fill(program: Program, removed: Counter[str]) -> Fill:
    """A function of (event with nothing in it, what came in). ``removed`` counts by field what cannot be masked."""
    makers = (_texts, _urls, _values, _properties, _numbers, _network, _pseudonyms, _times)
    parts = [part for maker in makers if (part := maker(program, removed)) is not None]
    own, base64 = program.own, program.own_base64
    packed = {path[0] for path in base64}

    def fill(event: Event, raw: ParsedEvent) -> bool:
        event.properties, event.bot_indicators = {}, []
        kept: list[str] = []
        for part in parts:
            part(event, raw, kept)
        if event.useragent == ABSENT:
            event.useragent = ""
        if own and ((packed and any(getattr(event, name) for name in packed)) or repeats_own(raw, "\n".join(kept))):
            removed.update(strike(event, raw, own, base64))
        return bool(event.event and event.app_id) or not any(
            getattr(raw, name) and not getattr(event, name) for name in REQUIRED
        )

    return fill


def _texts(program: Program, removed: Counter[str]) -> Part | None:
    texts = program.texts
    texts_of = attrgetter(*[name for name, _ in texts], *_ALWAYS_TWO)

    def part(event: Event, raw: ParsedEvent, kept: list[str]) -> None:
        given = texts_of(raw)
        for (name, function), text in compress(zip(texts, given, strict=False), given):
            masked = function(text)
            if masked:
                setattr(event, name, masked)
                kept.append(masked)
            else:
                removed[name] += 1

    return part


def _urls(program: Program, removed: Counter[str]) -> Part | None:
    urls = program.urls

    def part(event: Event, raw: ParsedEvent, kept: list[str]) -> None:
        for name, function in urls:
            url = getattr(raw, name)
            if not url or (url == ABSENT and name != "page_url"):
                continue
            masked, network = function(url)
            if masked:
                setattr(event, name, masked)
                kept.append(masked)
            else:
                removed[name] += 1
            if network and name == "page_url":
                event.mkt_network = network

    return part if urls else None


def _values(program: Program, removed: Counter[str]) -> Part | None:
    values = program.values

    def part(event: Event, raw: ParsedEvent, kept: list[str]) -> None:
        for name, function in values:
            text = getattr(raw, name)
            if text:
                masked, count = function(text)
                setattr(event, name, masked)
                kept.append(masked)
                if count:
                    removed[name] += count

    return part if values else None


def _properties(program: Program, removed: Counter[str]) -> Part | None:
    named = program.properties
    if named is None:
        return None

    def part(event: Event, raw: ParsedEvent, kept: list[str]) -> None:
        if raw.properties:
            event.properties, count = masked_properties(raw.properties, named)
            kept += event.properties
            kept += event.properties.values()
            if count:
                removed["properties"] += count

    return part


def _numbers(program: Program, removed: Counter[str]) -> Part | None:
    numbers = program.numbers
    searched = {name for name, _ in numbers if name in program.own}

    def part(event: Event, raw: ParsedEvent, kept: list[str]) -> None:
        for name, function in numbers:
            number = getattr(raw, name)
            if number is None:
                continue
            masked = number if function is None else function(number)
            if masked is None:
                removed[name] += 1
                continue
            setattr(event, name, masked)
            if name in searched:
                kept.append(number_text(masked))

    return part if numbers else None


def _network(program: Program, removed: Counter[str]) -> Part | None:
    network_of = program.network
    if network_of is None:
        return None

    def part(event: Event, raw: ParsedEvent, _kept: list[str]) -> None:
        if raw.ip:
            event.user_ipaddress = network_of(raw.ip)
            if not event.user_ipaddress and raw.ip != ABSENT:
                removed["user_ipaddress"] += 1

    return part


def _pseudonyms(program: Program, removed: Counter[str]) -> Part | None:
    pseudonyms = program.pseudonyms

    def part(event: Event, raw: ParsedEvent, _kept: list[str]) -> None:
        for name, function in pseudonyms:
            text = getattr(raw, name)
            if text:
                masked = function(text)
                setattr(event, name, masked)
                if not masked:
                    removed[name] += 1

    return part if pseudonyms else None


def _times(program: Program, _removed: Counter[str]) -> Part | None:
    times = program.times
    emptied = [name for name in program.dropped if name in ("dvce_created_tstamp", "dvce_sent_tstamp")]

    def part(event: Event, _raw: ParsedEvent, _kept: list[str]) -> None:
        for name in emptied:
            setattr(event, name, None)
        for name, coarse in times:
            tstamp = getattr(event, name)
            if tstamp is not None:
                setattr(event, name, coarse(tstamp))

    return part if times or emptied else None
