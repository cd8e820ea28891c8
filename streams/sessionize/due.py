"""When visitors must be looked at again: a heap of (watermark, key), changed only by a commit."""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

Entry = tuple[int, bytes]

NEVER = 2**63 - 1


class DueIndex:
    """For every key with state at least one entry not later than its true due time.

    Entries may be too early (the reader puts them back) but never too late. What a fold pops and pushes is provisional
    until ``keep``; ``restore`` forgets it.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._kept = list(entries)
        heapify(self._kept)
        self._popped: list[Entry] = []
        self._pushed: list[Entry] = []
        self.first = NEVER
        """The earliest due time, or NEVER."""
        self._look()

    def _look(self) -> None:
        self.first = min(heap[0][0] if heap else NEVER for heap in (self._kept, self._pushed))

    def restore(self) -> None:
        """Undo everything since the last ``keep``."""
        for entry in self._popped:
            heappush(self._kept, entry)
        self._popped = []
        self._pushed = []
        self._look()

    def keep(self) -> None:
        """Make everything since the last ``keep`` lasting."""
        for entry in self._pushed:
            heappush(self._kept, entry)
        self._popped = []
        self._pushed = []

    def push(self, due: int, key: bytes) -> None:
        """Look at ``key`` when the watermark passes ``due``."""
        heappush(self._pushed, (due, key))
        self.first = min(self.first, due)

    def pop(self) -> bytes:
        """The key of the earliest entry; equal entries go with it, so that lazy ones do not pile up."""
        entry = min(heap[0] for heap in (self._kept, self._pushed) if heap)
        while self._kept and self._kept[0] == entry:
            self._popped.append(heappop(self._kept))
        while self._pushed and self._pushed[0] == entry:
            heappop(self._pushed)
        self._look()
        return entry[1]

    def __len__(self) -> int:
        return len(self._kept) + len(self._pushed)
