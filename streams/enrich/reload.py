"""Watches the data files of the enrichments and opens them anew when they change; what is in use stays until then."""

from functools import partial

from streams.enrich.enricher import Lookups
from streams.enrich.sources import OPENERS, Opened, compose, paths_of
from streams.settings import EnrichSettings, GeoSettings
from streams.watched import Change, Watched


class DataFiles:
    """The files the settings name, opened; ``lookups`` are those in use. Not for two threads at once.

    Raises ConfigError for a file that cannot be used at the start.
    """

    def __init__(self, geo: GeoSettings, enrich: EnrichSettings, app_version: str) -> None:
        paths = paths_of(geo, enrich)
        self._watched = {key: Watched(key, path) for key, path in paths.items() if path}
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
        changes = [
            change
            for key, watched in self._watched.items()
            if (change := watched.look(OPENERS[key], partial(self._opened.__setitem__, key)))
        ]
        if any(not change.problem for change in changes):
            self.lookups = self._compose()
        return changes
