"""The keys a worker hashes with: looked up by key id and event day, none for a day whose key is forgotten."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from streams.errors import ConfigError
from streams.keyring.file import changing, load_keys
from streams.keyring.period import period_of
from streams.keyring.text import read_keys
from streams.keyring.tree import SECRET_BYTES, KeyTree, Rotation, grow, key_of
from streams.settings import Settings

STORE_KEYS = "keys"
"""The key file's name in a store's folder."""
DEFAULT_KEY = "default"
"""The id of the key where a rule names none; while it does not rotate, it is the secret itself."""
Needed = tuple[str, Rotation]
"""A key id that rules name, and how often they say it rotates."""


class Ring:
    """The keys of all ids. The same file gives the same keys to every worker, for any day, in any order."""

    def __init__(self, trees: Mapping[str, KeyTree], source: str, secret: bytes | None = None) -> None:
        """``source`` names the file or variable, for errors. ``secret`` is the default key that never rotates."""
        self._trees = trees
        self._source = source
        self._secret = secret
        self._known: dict[tuple[str, int], bytes | None] = {}

    def key(self, key_id: str, day: date, rotation: str) -> bytes | None:
        """32 bytes or more; None where the period's key is forgotten, or no key reaches the day (before 1970, say).

        Raises ConfigError where there is no such key, or it rotates otherwise.
        """
        if self._is_secret(key_id, rotation):
            return self._secret
        self._check(key_id, rotation)
        tree = self._trees[key_id]
        try:
            period = period_of(tree.rotation, day)
        except ValueError:
            return None
        place = (key_id, period)
        if place not in self._known:
            self._known[place] = key_of(tree, period)
        return self._known[place]

    def require(self, needed: Iterable[Needed]) -> None:
        """Raises ConfigError for an id that is missing, or rotates otherwise than the rules say."""
        for key_id, rotation in sorted(set(needed)):
            if not self._is_secret(key_id, rotation):
                self._check(key_id, rotation)

    def _is_secret(self, key_id: str, rotation: str) -> bool:
        """What was hashed before rules named keys stays as it was."""
        return key_id == DEFAULT_KEY and rotation == "none" and self._secret is not None

    def _check(self, key_id: str, rotation: str) -> None:
        tree = self._trees.get(key_id)
        if tree is None:
            raise ConfigError(
                f"{self._source}: there is no key {key_id}, which the rules name",
                f"make it: thalweg rules keys rotate {key_id} --rotation {rotation}",
            )
        if tree.rotation != rotation:
            raise ConfigError(
                f"{self._source}: key {key_id} rotates {tree.rotation}, and the rules say {rotation}",
                "name another key in the rules, or say there how this one rotates",
            )

    def __repr__(self) -> str:
        return f"Ring({self._source}: {', '.join(sorted(self._trees))})"


def open_ring(
    settings: Settings, needed: Iterable[Needed] = (), folder: Path | None = None, secret: bytes | None = None
) -> Ring:
    """The keys of THALWEG_KEYS, else of ``keys_file``, else of a store's folder, which makes what ``needed`` it lacks.

    Raises ConfigError where keys cannot be read, or one that is needed is not there.
    """
    needed = list(needed)
    if settings.keys is not None:
        ring = Ring(read_keys(settings.keys.get_secret_value(), "THALWEG_KEYS"), "THALWEG_KEYS", secret)
    elif settings.keys_file is not None:
        ring = Ring(load_keys(settings.keys_file), str(settings.keys_file), secret)
    elif folder is not None and any(each != (DEFAULT_KEY, "none") for each in needed):
        ring = Ring(_made(folder / STORE_KEYS, needed), str(folder / STORE_KEYS), secret)
    else:
        ring = Ring({}, "neither THALWEG_KEYS nor keys_file is set", secret)
    ring.require(needed)
    return ring


def _made(file: Path, needed: Iterable[Needed]) -> Mapping[str, KeyTree]:
    with changing(file, may_be_new=True) as trees:
        for key_id, rotation in needed:
            if key_id not in trees and (key_id, rotation) != (DEFAULT_KEY, "none"):
                trees[key_id] = grow(rotation, secrets.token_bytes(SECRET_BYTES))
        return dict(trees)
