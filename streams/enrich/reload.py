"""Watches the data files of the enrichments and opens them anew when they change; what is in use stays until then."""

from functools import partial
from pathlib import Path

import msgspec

from streams.enrich.enricher import Lookups
from streams.enrich.private_copy import Signature, signature_of
from streams.enrich.sources import OPENERS, Opened, compose, paths_of
from streams.errors import ConfigError
from streams.settings import EnrichSettings, GeoSettings


class Change(msgspec.Struct, frozen=True):
    """A changed file that was met; ``problem`` says why it is not used, empty where it is."""

    setting: str
    problem: str = ""


class _Watched(msgspec.Struct):
    """One file: its signature when it was opened or refused, and at the last look."""

    path: Path
    met: Signature | None
    seen: Signature | None


class DataFiles:
    """The files the settings name, opened; ``lookups`` are those in use. Not for two threads at once.

    Raises ConfigError for a file that cannot be used at the start.
    """

    def __init__(self, geo: GeoSettings, enrich: EnrichSettings, app_version: str) -> None:
        paths = paths_of(geo, enrich)
        self._watched = {
            key: _Watched(path, signature_of(path), signature_of(path)) for key, path in paths.items() if path
        }
        self._opened: dict[str, Opened | None] = {key: opener(paths[key]) for key, opener in OPENERS.items()}
        self._compose = partial(compose, self._opened, geo, enrich, app_version)
        self.lookups: Lookups = self._compose()

    @property
    def is_watching(self) -> bool:
        """Whether there is any file that could change."""
        return bool(self._watched)

    def check(self) -> list[Change]:
        """Look at the files; open those that changed and then stood still between two looks, each by itself.

        A file that is gone or cannot be used is told once, and what was opened before stays in use until it is mended.
        """
        changes = [change for key, watched in self._watched.items() if (change := self._look(key, watched))]
        if any(not change.problem for change in changes):
            self.lookups = self._compose()
        return changes

    def _look(self, key: str, watched: _Watched) -> Change | None:
        found, before = signature_of(watched.path), watched.seen
        watched.seen = found
        if found == watched.met or found != before:  # as it was, or still being written
            return None
        try:
            opened = OPENERS[key](watched.path)
        except Exception as problem:  # noqa: BLE001 - whatever a damaged file makes a library do, the data in use stay
            watched.met = found
            return Change(key, str(problem) if isinstance(problem, ConfigError) else f"{key}: {type(problem).__name__}")
        if signature_of(watched.path) != found:  # it changed while it was read: the next look will tell
            return None
        watched.met, self._opened[key] = found, opened
        return Change(key)
