"""The keys of pseudonyms: by name and by the event's day, so that a key can rotate and be forgotten."""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from streams.keys import Keys

DEFAULT_KEY = "default"
"""Id of the key that is used where a rule names none."""

_PURPOSE = "keyring"


class Rotation(StrEnum):
    """How often a key changes; always by the event's day (UTC), so that a replay takes the same key."""

    NONE = "none"
    DAILY = "daily"
    MONTHLY = "monthly"


def period_of(day: date, rotation: Rotation) -> str:
    """The period ``day`` lies in: "" without rotation, ``2026-11-25`` daily, ``2026-11`` monthly."""
    if rotation is Rotation.NONE:
        return ""
    return day.isoformat() if rotation is Rotation.DAILY else day.isoformat()[:7]


class Keyring(Protocol):
    """Gives keys; the same answer for all days of a period, and for ever, until the key is forgotten."""

    def key(self, key_id: str, day: date, rotation: Rotation) -> bytes | None:
        """At least 32 secret bytes; None where the key was forgotten (its pseudonyms cannot be made any more).

        Raises ConfigError where no key has this id.
        """
        ...


class SecretKeyring:
    """Every key from one secret. It rotates, but forgets nothing: who has the secret has all keys.

    The default key without rotation is the secret itself: what was hashed with it before there were rules stays so.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._digest = Keys(secret).digest(_PURPOSE)

    def key(self, key_id: str, day: date, rotation: Rotation) -> bytes | None:
        """See ``Keyring``."""
        if key_id == DEFAULT_KEY and rotation is Rotation.NONE:
            return self._secret
        return self._digest(f"{key_id}\0{period_of(day, rotation)}".encode())

    def __repr__(self) -> str:
        return "SecretKeyring(…)"


def forgotten_days(keyring: Keyring, key_id: str, rotation: Rotation, first: date, last: date) -> Iterator[date]:
    """The days from ``first`` to ``last`` whose key is gone: events of these must not be replayed."""
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if keyring.key(key_id, day, rotation) is None:
            yield day
