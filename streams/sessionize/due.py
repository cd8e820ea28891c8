"""When visitors must be looked at again: keys by watermark or clock, changed only by a commit."""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

Entry = tuple[int, bytes]

NEVER = 2**63 - 1

_BUCKET = 14
"""Bits of a bucket's width: 16 s."""


class DueIndex:
    """For every key with state at least one entry not later than its true due time.

    Entries may be too early (the reader puts them back) but never too late. What a fold pops and pushes is provisional
    until ``keep``; ``restore`` forgets it. Far entries lie in buckets without their times, for there are as many as
    visitors: 8 bytes each; a bucket that comes due gives its keys at its begin, and the reader knows better.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._far: dict[int, list[bytes]] = {}
        self._order: list[int] = []
        """Buckets that are not opened, as a heap."""
        self._edge: int | None = None
        """Buckets before it are opened: entries before it are near."""
        self._near: list[Entry] = []
        self._popped: list[Entry] = []
        self._opened: list[int] = []
        self._pushed: list[Entry] = []
        for due, key in entries:
            self._keep(due, key)
        self.first = NEVER
        """Nothing is due earlier; NEVER where nothing is."""
        self._look()

    def _look(self) -> None:
        far = self._order[0] << _BUCKET if self._order else NEVER
        near = self._near[0][0] if self._near else NEVER
        self.first = min(far, near, self._pushed[0][0] if self._pushed else NEVER)

    def restore(self) -> None:
        """Undo everything since the last ``keep``."""
        for entry in self._popped:
            heappush(self._near, entry)
        for bucket in self._opened:
            heappush(self._order, bucket)
        self._popped, self._opened, self._pushed = [], [], []
        self._look()

    def keep(self) -> None:
        """Make everything since the last ``keep`` lasting."""
        for bucket in self._opened:
            del self._far[bucket]
            self._edge = bucket + 1 if self._edge is None else max(self._edge, bucket + 1)
        pushed = self._pushed
        self._popped, self._opened, self._pushed = [], [], []
        for due, key in pushed:
            self._keep(due, key)
        self._look()

    def _keep(self, due: int, key: bytes) -> None:
        bucket = due >> _BUCKET
        if self._edge is not None and bucket < self._edge:
            heappush(self._near, (due, key))
        elif bucket in self._far:
            self._far[bucket].append(key)
        else:
            self._far[bucket] = [key]
            heappush(self._order, bucket)

    def push(self, due: int, key: bytes) -> None:
        """Look at ``key`` when the watermark passes ``due``."""
        heappush(self._pushed, (due, key))
        self.first = min(self.first, due)

    def pop(self) -> bytes:
        """The key of the earliest entry; equal entries go with it, so that lazy ones do not pile up."""
        while self._order and self._order[0] << _BUCKET <= self.first:
            self._open(heappop(self._order))
        entry = min(heap[0] for heap in (self._near, self._pushed) if heap)
        while self._near and self._near[0] == entry:
            self._popped.append(heappop(self._near))
        while self._pushed and self._pushed[0] == entry:
            heappop(self._pushed)
        self._look()
        return entry[1]

    def _open(self, bucket: int) -> None:
        self._opened.append(bucket)
        begin = bucket << _BUCKET
        self._pushed += [(begin, key) for key in set(self._far[bucket])]
        heapify(self._pushed)

    def __len__(self) -> int:
        taken = sum(len(self._far[bucket]) for bucket in self._opened)
        return sum(map(len, self._far.values())) - taken + len(self._near) + len(self._pushed)
