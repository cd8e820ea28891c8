"""A file that may be replaced while a worker uses it: what tells that it changed, and when it is whole."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from streams.errors import ConfigError

T = TypeVar("T")
Signature = tuple[int, int, int, int]
"""(Device, inode, size, time of the last change, of its mode too, in nanoseconds)."""


class Change(msgspec.Struct, frozen=True):
    """A changed file that was met; ``problem`` says why it is not used, empty where it is."""

    setting: str
    problem: str = ""


def signature_of(path: Path) -> Signature | None:
    """What changes whenever the file is replaced or written, or who may read it; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns


class Watched:
    """The file a setting names, as it was when it was opened or refused, and at the last look."""

    def __init__(self, setting: str, path: Path) -> None:
        self._setting, self._path = setting, path
        self._met = self._seen = signature_of(path)

    def look(self, open_: Callable[[Path], T], use: Callable[[T], None]) -> Change | None:
        """Open the file where it changed and then stood still between two looks, and use what it gave.

        One that is gone or cannot be used is told once, and what was opened before stays in use until it is mended.
        """
        found, before = signature_of(self._path), self._seen
        self._seen = found
        if found == self._met or found != before:  # as it was, or still being written
            return None
        try:
            opened = open_(self._path)
        except Exception as problem:  # noqa: BLE001 - whatever a damaged file makes a library do, what is in use stays
            self._met = found
            told = str(problem) if isinstance(problem, ConfigError) else f"{self._setting}: {type(problem).__name__}"
            return Change(self._setting, told)
        if signature_of(self._path) != found:  # it changed while it was read: the next look will tell
            return None
        self._met = found
        use(opened)
        return Change(self._setting)
