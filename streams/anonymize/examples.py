"""The examples of a rules file: given events, and whether what the rules make of them is what the file expects."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import fields

from streams.anonymize.anonymizer import Place
from streams.anonymize.fields import ADDRESS, AFTER, BEFORE, TREES, Kind
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.paths import parse_path
from streams.anonymize.rules import Rules
from streams.anonymize.ruleset import Example
from streams.anonymize.stage import Times, make_stage
from streams.anonymize.tree import text_of, values_at
from streams.errors import ConfigError
from streams.keys import Keys
from streams.records import NO_ID, Event, ParsedEvent

PSEUDONYM = "(pseudonym)"
_IS_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_SECRET = b"the key of examples, no one's secret"
_PLACE = Place("raw@1", 0, 0, 1, b"")
_NOON = 1_767_268_800_000
"""2026-01-01 12:00 UTC: when an example happens that says no derived_tstamp."""
_RAW_NAMES = {ADDRESS: "ip"}
_DROPPED = "dropped"


class Difference(msgspec.Struct, frozen=True):
    """A field that is not as expected; None: absent."""

    field: str
    expected: Any
    found: Any


class Result(msgspec.Struct, frozen=True):
    """One example: the rule it stands beside (empty: the file's own), its place there, and what differs."""

    rule: str
    number: int
    differences: list[Difference]

    @property
    def passed(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def run_examples(rules: Rules) -> Iterator[Result]:
    """Each example goes through the whole file, with a key of its own; enriched columns are as given.

    Raises ConfigError for an example that cannot be an event.
    """
    for rule, examples in [*((rule.name, rule.examples) for rule in rules.file.rules), ("", rules.file.examples)]:
        for number, example in enumerate(examples, 1):
            yield Result(rule, number, list(_differences(rules, example, f"{rule or 'the file'}, example {number}")))


def _differences(rules: Rules, example: Example, name: str) -> Iterator[Difference]:
    given = dict(example.given)
    country = str(given.get("geo_country", ""))
    run = make_stage(Keys(_SECRET), SecretKeyring(_SECRET), rules, Counter(), lambda _network: country)
    try:
        raw, times = _parsed(given)
    except (ValueError, msgspec.ValidationError) as error:
        raise ConfigError(f"{name}: `given` is no event: {error}", "name fields as the rules do") from None
    enriched = {field: given[field] for field in given if field in AFTER and field not in BEFORE}
    event = run(raw, _PLACE, times, lambda event: _set(event, enriched))
    if event is None or isinstance(example.expect, str):
        if event is not None or example.expect != _DROPPED:
            yield Difference("", example.expect, _DROPPED if event is None else "kept")
        return
    for path, expected in example.expect.items():
        found = _found(event, path)
        if not _is_as(expected, found):
            yield Difference(path, expected, found)


def _set(event: Event, columns: Mapping[str, Any]) -> None:
    for name, value in columns.items():
        setattr(event, name, value)


def _parsed(given: Mapping[str, Any]) -> tuple[ParsedEvent, Times]:
    unknown = [name for name in given if name not in BEFORE and name not in AFTER]
    if unknown:
        raise ValueError(f"no field is called {unknown[0]!r}")
    values: dict[str, Any] = {"event": "page_view", "app_id": "app"}
    derived = _NOON
    for name, value in given.items():
        if name == "derived_tstamp":
            derived = _tstamp(value)
        elif name == "properties":
            values[name] = {str(key): text_of(child) for key, child in value.items() if child is not None}
        elif name in TREES and not isinstance(value, str):
            values[name] = text_of(value)
        elif name in BEFORE:
            is_time = BEFORE[name] is Kind.TIME
            values[_RAW_NAMES.get(name, name)] = _tstamp(value) if is_time else _as_declared(name, value)
    known = {field.name for field in fields(ParsedEvent)}
    event = msgspec.convert({name: value for name, value in values.items() if name in known}, ParsedEvent, strict=False)
    return event, (derived, derived, derived)


def _as_declared(name: str, value: Any) -> Any:
    return str(value) if BEFORE[name] is not Kind.NUMBER else value


def _tstamp(value: Any) -> int:
    """Milliseconds of a time: a number of them, a date and time of YAML, or ISO 8601 text."""
    if isinstance(value, int):
        return value
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def _found(event: Event, path: str) -> Any:
    """What is at a path; None where nothing is, a list where a path leads to several values."""
    root, *rest = parse_path(path)
    if root not in event.__struct_fields__:
        return None
    value = getattr(event, root)
    if root in TREES:
        found = values_at(value or None, tuple(rest))
        return None if not found else found[0] if len(found) == 1 else found
    if root.endswith("_tstamp") and value is not None:
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")
    if isinstance(value, bytes):
        return None if value == NO_ID else value.hex()
    return None if value in ("", []) else value


def _is_as(expected: Any, found: Any) -> bool:
    if expected is None or found is None:
        return expected is None and found is None
    if expected == PSEUDONYM:
        return isinstance(found, str) and _IS_PSEUDONYM.fullmatch(found) is not None
    if isinstance(expected, dict | list) and isinstance(found, str):
        try:
            return bool(msgspec.json.decode(found) == msgspec.to_builtins(expected))
        except msgspec.DecodeError:
            return False
    if isinstance(expected, datetime):
        return isinstance(found, str) and _tstamp(expected) == _tstamp(found)
    if isinstance(found, str) and _looks_like_time(found, expected):
        return _tstamp(expected) == _tstamp(found)
    return bool(found == expected) or text_of(msgspec.to_builtins(expected)) == text_of(msgspec.to_builtins(found))


def _looks_like_time(found: str, expected: Any) -> bool:
    if not found.endswith("+00:00") or not isinstance(expected, str | int):
        return False
    try:
        _tstamp(expected)
    except ValueError:
        return False
    return True
