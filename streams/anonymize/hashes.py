"""The keyed hashes of one key and period: of visitors, of ids, of what names an event."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache

import msgspec

from streams.anonymize.action import TextAction
from streams.anonymize.ids import make_event_id, make_fingerprint, make_pseudonym, make_rotating_event_id
from streams.anonymize.keyring import Keyring, Rotation, period_of
from streams.anonymize.visitor import make_visitor
from streams.keys import Keys
from streams.records import ParsedEvent

DAY_MS = 86_400_000
_PERIODS = 16
"""Keys held at a time: of days around now, and of some late ones."""
FASTER = {Rotation.NONE: 0, Rotation.MONTHLY: 1, Rotation.DAILY: 2}


class ForgottenError(ValueError):
    """The key of that day is gone, and its pseudonyms with it."""


class EventHashes(msgspec.Struct, frozen=True):
    """What names an event and whose it is."""

    visitor: Callable[[ParsedEvent, str], bytes] | None
    """None where the key is forgotten."""
    event_id: Callable[[str, str, str, int, int, int], bytes]
    fingerprint: Callable[[bytes, int], int]


def date_of(day: int) -> date:
    """The date of a day's number since 1970. Days a calendar does not know count as its first or last."""
    try:
        return datetime.fromtimestamp(day * 86_400, UTC).date()
    except (ValueError, OverflowError, OSError):
        return date.max if day > 0 else date.min


class Hashes:
    """All keyed hashes of a worker, by key and period; the keyring is asked once for each."""

    def __init__(self, keys: Keys, keyring: Keyring) -> None:
        self._keys, self._keyring = keys, keyring
        self._by_period = lru_cache(maxsize=_PERIODS)(self._keys_of)
        self._events = lru_cache(maxsize=_PERIODS)(self._make_event_hashes)
        self._pseudonyms = lru_cache(maxsize=_PERIODS * 4)(self._make_pseudonym)

    def of_events(self, key_id: str, rotation: Rotation, day: int) -> EventHashes:
        """Where the visitor's key rotates, so does that of all else that is made from an event's content."""
        return self._events(key_id, rotation, period_of(date_of(day), rotation))

    def pseudonym(self, key_id: str, rotation: Rotation, day: int, purpose: str) -> TextAction:
        """A value's keyed hash; it raises ForgottenError where the key is gone."""
        return self._pseudonyms(key_id, rotation, period_of(date_of(day), rotation), purpose)

    def _keys_of(self, key_id: str, rotation: Rotation, period: str) -> Keys | None:
        day = date.fromisoformat({0: "1970-01-01", 7: f"{period}-01"}.get(len(period), period))
        key = self._keyring.key(key_id, day, rotation)
        return None if key is None else Keys(key)

    def _make_event_hashes(self, key_id: str, rotation: Rotation, period: str) -> EventHashes:
        keys = self._by_period(key_id, rotation, period)
        if rotation is Rotation.NONE:
            visitor = None if keys is None else make_visitor(keys)
            return EventHashes(visitor, make_event_id(self._keys), make_fingerprint(self._keys))
        event_id = make_rotating_event_id(self._keys, keys)
        if keys is None:
            return EventHashes(None, event_id, lambda _value, _index: 0)
        return EventHashes(make_visitor(keys), event_id, make_fingerprint(keys))

    def _make_pseudonym(self, key_id: str, rotation: Rotation, period: str, purpose: str) -> TextAction:
        keys = self._by_period(key_id, rotation, period)
        return TextAction(_forgotten if keys is None else make_pseudonym(keys, purpose))


def _forgotten(_text: str) -> str:
    raise ForgottenError
