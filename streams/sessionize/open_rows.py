"""Which rows of a visitor's open sessions are written, and which may be (design.md §6 rules 5, 9)."""

from streams.sessionize.due import NEVER
from streams.sessionize.fold import Start
from streams.sessionize.state import VisitorState, pack_copies, unpack_copies


class OpenRows:
    """What lies in the table or may lie there, and since when."""

    __slots__ = ("closed_now", "is_stale", "refresh", "written", "written_at")

    def __init__(self, state: VisitorState, refresh: int, starts: list[Start]) -> None:
        self.refresh = refresh
        """The arrival time at which they must be written again; NEVER when nothing changed."""
        self.is_stale = refresh != NEVER
        self.written: set[Start] = set(starts) if state.written is None else _starts(state.written)
        self.written_at = state.written_at
        self.closed_now: set[Start] = set()

    def due(self, starts: list[Start], vanished: set[Start], clock: int, interval_ms: int) -> set[Start] | None:
        """Ids that need a tombstone when all rows are written now; None when they are not due.

        ``vanished``: no start, but one after a single record of the batch.

        Due are all open sessions and tombstones when a session began after any single record of the batch, or closed,
        or none is left, or when the rows written last are ``interval_ms`` old by the arrival ``clock`` and something
        changed since. Each holds in a batch when it holds in a part of it: so a worker that died after the insert of
        such a part left nothing that this batch does not write over.
        """
        written = self.written
        is_due = bool(self.closed_now) or not starts or not written.issuperset(starts) or not vanished <= written
        if is_due or (self.is_stale and clock - self.written_at >= interval_ms):
            return (vanished | written).difference(starts, self.closed_now)
        return None

    def note_written(self, starts: list[Start], clock: int) -> None:
        """All rows were written now."""
        self.written = set(starts)
        self.written_at = clock
        self.is_stale = False

    def end_batch(self, interval_ms: int) -> None:
        """What is held back waits for its time."""
        self.refresh = self.written_at + interval_ms if self.is_stale else NEVER
        self.closed_now = set()

    def pack(self, starts: list[Start]) -> bytes | None:
        """``written`` as the state keeps it; None: what begins now is what is written."""
        if len(starts) == len(self.written) and self.written.issuperset(starts):
            return None
        return pack_copies([(event_id, time) for time, event_id in sorted(self.written)])


def _starts(written: bytes) -> set[Start]:
    return {(time, event_id) for event_id, time in unpack_copies(written)}
