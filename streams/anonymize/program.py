"""What is done to each field of an event, once it is known which rules it is for and which day's keys hold."""

from collections.abc import Callable, Mapping

import msgspec

from streams.anonymize.action import TextFunction
from streams.anonymize.generalize import Number
from streams.anonymize.hashes import EventHashes
from streams.anonymize.paths import Path
from streams.anonymize.url import UrlFunction
from streams.anonymize.value import ValueFunction

Named = tuple[str, ValueFunction | None]
"""A property's name as it may be kept, and what is done to its value (None: nothing)."""


NumberFunction = Callable[[Number], Number | None]
"""From a number to what may be kept of it; None: nothing."""


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A field that no member names is emptied: a rule says so."""

    drops: bool = False
    """The event goes; nothing else counts."""
    texts: tuple[tuple[str, TextFunction], ...] = ()
    urls: tuple[tuple[str, UrlFunction], ...] = ()
    values: tuple[tuple[str, ValueFunction], ...] = ()
    """Columns of text that have values inside."""
    properties: Callable[[str], Named | None] | None = None
    """By a property's name; None where a rule removes it."""
    numbers: tuple[tuple[str, NumberFunction | None], ...] = ()
    times: tuple[tuple[str, Callable[[int], int]], ...] = ()
    """Times that are made coarser."""
    dropped: tuple[str, ...] = ()
    """Fields that a rule empties."""
    network: TextFunction | None = None
    pseudonyms: tuple[tuple[str, TextFunction], ...] = ()
    hashes: EventHashes | None = None
    """None only where ``drops``."""
    keeps_visitor: bool = True
    own: tuple[str, ...] = ()
    """Columns in which the event's own ids and addresses are looked for."""
    own_base64: tuple[Path, ...] = ()
    """Paths in these columns to what is looked through decoded."""


def masked_properties(
    properties: Mapping[str, str], named: Callable[[str], Named | None]
) -> tuple[dict[str, str], int]:
    """The properties as they may be kept, and how many values could not be masked and so were removed."""
    kept: dict[str, str] = {}
    removed = 0
    for key, text in properties.items():
        found = named(key)
        if found is None:
            continue
        name, function = found
        value, count = function(text) if function is not None else (text, 0)
        removed += count
        if key and not name:
            removed += not count
        elif value or not text:
            kept[name] = value
    return kept, removed
