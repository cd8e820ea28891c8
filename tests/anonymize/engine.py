"""Rules as a user writes them, applied to events; for tests."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from streams.anonymize.anonymizer import Place
from streams.anonymize.conditions import CountryOf
from streams.anonymize.keyring import Keyring, Rotation, SecretKeyring, period_of
from streams.anonymize.rules import Rules, make_rules
from streams.anonymize.stage import make_stage
from streams.keys import Keys
from streams.records import Event, ParsedEvent

SECRET = b"a secret of at least thirty-two bytes"
PLACE = Place("raw@1", 1, 7, 2, b"the line")
DAY_MS = 86_400_000
NOON = 20_000 * DAY_MS + DAY_MS // 2


class ForgetfulKeyring:
    """A keyring whose periods can be forgotten."""

    def __init__(self, *forgotten: str) -> None:
        self._all = SecretKeyring(SECRET)
        self.forgotten = set(forgotten)

    def key(self, key_id: str, day: date, rotation: Rotation) -> bytes | None:
        """None for a forgotten period."""
        gone = period_of(day, rotation) in self.forgotten
        return None if gone else self._all.key(key_id, day, rotation)


def rules_of(*rules: Mapping[str, Any], **file: Any) -> Rules:
    """A file with these rules, named by their places."""
    named = [{**rule, "name": f"r{number}"} for number, rule in enumerate(rules)]
    return make_rules(json.dumps({"version": 1, "rules": named, **file}))


def run(
    rules: Rules,
    *,
    removed: Counter[str] | None = None,
    keyring: Keyring | None = None,
    country_of: CountryOf | None = None,
    derived: int = NOON,
    enriched: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Event | None:
    """What the rules make of one event; ``enriched`` are columns set between the stage's halves."""
    raw = ParsedEvent(**{"event": "page_view", "app_id": "shop"} | fields)
    tally: Counter[str] = Counter()
    stage = make_stage(Keys(SECRET), keyring or SecretKeyring(SECRET), rules, tally, country_of)

    def enrich(event: Event) -> None:
        for name, value in (enriched or {}).items():
            setattr(event, name, value)

    event = stage(raw, PLACE, (derived, derived, derived), enrich)
    if removed is not None:
        removed.update(tally)
    return event


def kept(rules: Rules, **given: Any) -> Event:
    """The same for an event that is not dropped."""
    event = run(rules, **given)
    assert event is not None
    return event
