"""A sort of more lines than memory holds: sorted runs in temporary files, merged.

Source: Knuth, The Art of Computer Programming 3, §5.4 (external sorting by merging runs).
"""

import heapq
import struct
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

_HEAD = struct.Struct("<qqqI")
_OVERHEAD = 200
"""Bytes an entry takes in memory beside its line: the tuple, its numbers, the bytes object's head."""
_BUFFER = 1 << 17


class Entry(NamedTuple):
    """One line with what orders it. Entries sort by their fields from left to right."""

    first: int
    line: bytes
    file: int
    last: int


class ExternalSort:
    """Takes entries in any order, gives them sorted, once. A context manager: the runs go when it ends.

    ``chunk_bytes`` bounds the lines held in memory, ``fan_in`` the runs open at once. Runs lie in ``tmp_dir``, without
    a name, so a killed process leaves none.
    """

    def __init__(self, tmp_dir: Path, chunk_bytes: int = 64 << 20, fan_in: int = 64) -> None:
        self._tmp_dir = tmp_dir
        self._chunk_bytes = chunk_bytes
        self._fan_in = max(fan_in, 2)
        self._entries: list[Entry] = []
        self._bytes = 0
        self._runs: list[BinaryIO] = []

    def add(self, entry: Entry) -> None:
        """Takes one entry; writes a run when the chunk is full."""
        self._entries.append(entry)
        self._bytes += len(entry[1]) + _OVERHEAD
        if self._bytes >= self._chunk_bytes:
            self._spill()

    def __iter__(self) -> Iterator[Entry]:
        self._entries.sort()
        if not self._runs:
            return iter(self._entries)
        return heapq.merge(*map(_read, self._runs), self._entries)

    def _spill(self) -> None:
        self._entries.sort()
        self._runs.append(self._write(iter(self._entries)))
        self._entries, self._bytes = [], 0
        if len(self._runs) >= self._fan_in:
            merged = self._write(heapq.merge(*map(_read, self._runs)))
            self.close()
            self._runs = [merged]

    def _write(self, entries: Iterator[Entry]) -> BinaryIO:
        run = TemporaryFile(dir=self._tmp_dir, buffering=_BUFFER)  # noqa: SIM115 (lives until close)
        for first, line, file, last in entries:
            run.write(_HEAD.pack(first, file, last, len(line)) + line)
        return run  # type: ignore[return-value]

    def close(self) -> None:
        """Gives up the runs."""
        for run in self._runs:
            run.close()
        self._runs = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(run: BinaryIO) -> Iterator[Entry]:
    run.seek(0)
    while head := run.read(_HEAD.size):
        first, file, last, size = _HEAD.unpack(head)
        yield Entry(first, run.read(size), file, last)
