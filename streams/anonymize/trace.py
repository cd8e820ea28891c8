"""Which rule changed what of one event: the stage told step by step, for a preview."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec

from streams.anonymize.anonymizer import Place
from streams.anonymize.compile import rule_targets
from streams.anonymize.conditions import Conditions, CountryOf
from streams.anonymize.keyring import Keyring
from streams.anonymize.rules import Rules
from streams.anonymize.ruleset import DropEvent
from streams.anonymize.stage import Enrich, Run, Times, kept_fields, make_stage, raw_fields
from streams.keys import Keys
from streams.records import ParsedEvent

ALWAYS = "always"
"""Stands for the stage's own doing, that no rule asks for and none can switch off."""


class Change(msgspec.Struct, frozen=True):
    """A field's value before and after one rule; None: absent."""

    rule: str
    field: str
    before: str | None
    after: str | None


class Trace(msgspec.Struct, frozen=True):
    """One event's way through the rules."""

    hits: list[str]
    """The rules it is for, in order."""
    changes: list[Change]
    untouched: list[str]
    """Fields that came in with a value and left with the same."""
    removed: dict[str, int]
    """Fields whose values could not be masked."""
    dropped: str | None
    """The rule that drops it; ``always`` where a field it must have could not be masked."""


Tracer = Callable[[ParsedEvent, Place, Times, Enrich], Trace]


def make_tracer(keys: Keys, keyring: Keyring, rules: Rules, country_of: CountryOf | None) -> Tracer:
    """The rules are applied as prefixes of those an event is for: what the n-th changes is what n have done and n - 1
    have not. So a preview says nothing that the stage would not do."""
    numbered = list(enumerate(rules.file.rules))
    before = Conditions(rules.file, [(n, rule) for n, rule in numbered if rule.when == "before"], country_of)
    after = [(n, rule) for n, rule in numbered if rule.when == "after"]

    @lru_cache(maxsize=2048)
    def stage_of(numbers: tuple[int, ...]) -> tuple[Run, Counter[str]]:
        removed: Counter[str] = Counter()
        part = _unconditional(rules, numbers)
        return make_stage(keys, keyring, part, removed, country_of), removed

    def trace(raw: ParsedEvent, place: Place, times: Times, enrich: Enrich) -> Trace:
        numbers = list(before.rules_for(raw))
        start = raw_fields(raw)

        def fields_of(prefix: Sequence[int]) -> tuple[dict[str, str] | None, Counter[str]]:
            run, removed = stage_of(tuple(prefix))
            removed.clear()
            event = run(raw, place, times, enrich)
            return (None if event is None else kept_fields(event)), removed

        if after:
            run, _ = stage_of(tuple(numbers))
            event = run(raw, place, times, enrich)
            if event is not None:
                numbers += Conditions(rules.file, after, None).rules_for(event)
        return _told(rules, numbers, start, fields_of)

    return trace


def _told(
    rules: Rules,
    numbers: Sequence[int],
    start: dict[str, str],
    fields_of: Callable[[Sequence[int]], tuple[dict[str, str] | None, Counter[str]]],
) -> Trace:
    names = [rules.file.rules[number].name for number in numbers]
    last, removed = fields_of([])
    changes = [] if last is None else list(_changes(ALWAYS, start, last, start))
    dropped = ALWAYS if last is None else None
    for place, number in enumerate(numbers):
        if last is None:
            break
        now, removed = fields_of(numbers[: place + 1])
        if now is None:
            is_drop = isinstance(rules.file.rules[number], DropEvent)
            dropped = names[place] if is_drop else ALWAYS
        else:
            changes += _changes(names[place], last, now, {**start, **last})
        last = now
    changes = [_credited(change, rules, numbers) for change in changes]
    kept = last or {}
    untouched = [field for field, value in start.items() if last is not None and kept.get(field) == value]
    return Trace(names, changes, untouched, dict(removed), dropped)


def _changes(rule: str, before: dict[str, str], after: dict[str, str], shown: dict[str, str]) -> list[Change]:
    fields = [field for field in dict.fromkeys([*before, *after]) if field in shown]
    return [
        Change(rule, field, before.get(field), after.get(field))
        for field in fields
        if before.get(field) != after.get(field)
    ]


def _credited(change: Change, rules: Rules, numbers: Sequence[int]) -> Change:
    """What would be done anyway is credited to the rule that asks for it, if one does."""
    if change.rule != ALWAYS:
        return change
    root = change.field.split(".")[0]
    asking = [n for n in numbers if any(path[0] == root for path in rule_targets(rules.file.rules[n]))]
    return msgspec.structs.replace(change, rule=rules.file.rules[asking[-1]].name) if asking else change


def _unconditional(rules: Rules, numbers: Sequence[int]) -> Rules:
    """A file of just these rules, for every event."""
    chosen = [rules.file.rules[number].model_copy(update={"match": None, "unless": None}) for number in numbers]
    return msgspec.structs.replace(rules, file=rules.file.model_copy(update={"rules": chosen}))
