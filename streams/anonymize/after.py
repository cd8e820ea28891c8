"""The rules that say ``when: after``: on an event that is anonymized and enriched already."""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from streams.anonymize.compile import Compiler
from streams.anonymize.conditions import Conditions
from streams.anonymize.fields import REQUIRED
from streams.anonymize.hashes import DAY_MS, Hashes
from streams.anonymize.keyring import Keyring
from streams.anonymize.program import Program, masked_properties
from streams.anonymize.rules import Rules
from streams.keys import Keys
from streams.outcome import Drop
from streams.records import Event

_PROGRAMS = 256
_NOTHING: dict[type, Callable[[], object]] = {str: str, int: int, list: list, dict: dict}
Finish = Callable[[Event], Drop | None]
"""Changes an event in place; a Drop where it must not be kept."""


def make_after(keys: Keys, keyring: Keyring, rules: Rules, removed: Counter[str]) -> Finish | None:
    """None where no rule stands after enrichment. ``removed`` as for the rules before it."""
    late = [(number, rule) for number, rule in enumerate(rules.file.rules) if rule.when == "after"]
    if not late:
        return None
    compiler = Compiler(rules.file, Hashes(keys, keyring))
    rules_for = Conditions(rules.file, late, None).rules_for

    @lru_cache(maxsize=_PROGRAMS)
    def changes_of(numbers: tuple[int, ...], day: int) -> Callable[[Event], bool] | None:
        program = compiler.after(numbers, day)
        return None if program.drops else _make_change(program, removed)

    def after(event: Event) -> Drop | None:
        numbers = rules_for(event)
        if not numbers:
            return None
        change = changes_of(numbers, event.derived_tstamp // DAY_MS if compiler.rotates else 0)
        return None if change is not None and change(event) else Drop()

    return after


def _make_change(program: Program, removed: Counter[str]) -> Callable[[Event], bool]:
    """A function that gives False where a required field could not be masked."""
    urls = [(name, lambda text, function=function: function(text)[0]) for name, function in program.urls]
    texts = [*program.texts, *urls]

    def change(event: Event) -> bool:
        for name, function in texts:
            text = getattr(event, name)
            if text:
                kept = function(text)
                setattr(event, name, kept)
                if not kept:
                    removed[name] += 1
        for name, value in program.values:
            kept, count = value(getattr(event, name))
            setattr(event, name, kept)
            removed[name] += count
        if program.properties is not None:
            event.properties, count = masked_properties(event.properties, program.properties)
            removed["properties"] += count
        for name, coarse in (*program.numbers, *program.times):
            number = getattr(event, name)
            if number is not None and coarse is not None:
                kept_number = coarse(number)
                setattr(event, name, kept_number)
                removed[name] += kept_number is None
        for name in program.dropped:
            setattr(event, name, _NOTHING.get(type(getattr(event, name)), _none)())
        return all(getattr(event, name) for name in REQUIRED)

    return change


def _none() -> None:
    """What a number that may be absent becomes."""
