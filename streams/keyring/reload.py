"""Watches the key file: a forgotten key is gone from a running worker soon after it is gone from the file."""

from collections.abc import Iterable

from streams.keyring.ring import Needed, Ring, open_ring
from streams.settings import Settings
from streams.watched import Change, Watched


class KeyFile:
    """The keys of the settings, opened; ``ring`` is in use. Not for two threads at once.

    Keys of THALWEG_KEYS stay as they are: nobody can change a running worker's environment. Raises ConfigError where
    they cannot be used at the start.
    """

    def __init__(self, settings: Settings, needed: Iterable[Needed], secret: bytes) -> None:
        """``needed`` are the keys that the rules name: a file without them is refused."""
        self._settings, self._needed, self._secret = settings, list(needed), secret
        path = settings.keys_file if settings.keys is None else None
        self._watched = Watched("keys_file", path) if path is not None else None
        self.ring = self._open()

    @property
    def is_watching(self) -> bool:
        """Whether there is a file that could change."""
        return self._watched is not None

    def check(self) -> list[Change]:
        """Look at the file; take its keys where it changed and then stood still between two looks."""
        change = self._watched and self._watched.look(lambda _path: self._open(), self._use)
        return [change] if change else []

    def _open(self) -> Ring:
        return open_ring(self._settings, self._needed, secret=self._secret)

    def _use(self, ring: Ring) -> None:
        self.ring = ring
