"""Sessions read from a store as arrays, streamed: steps as codes, before any templates."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from clickhouse_driver import Client
from numpy.typing import NDArray

from models.selection import Selection
from streams.warehouse.client import identifier, qualified

ROWS_AT_ONCE = 10_000
_APPS = "SELECT DISTINCT app_id FROM {database}.sessions_v WHERE {condition} ORDER BY app_id"
_SESSIONS = """
SELECT
    UUIDToNum(session_id),
    UUIDToNum(visitor_id),
    toUnixTimestamp64Milli(start_tstamp),
    CAST(steps, 'Array(LowCardinality(String))'),
    step_offsets_ms,
    {column}
FROM {database}.sessions_v
WHERE {condition}
"""
_LEFT_OUT = """
SELECT countIf(is_bot = 1), countIf(is_bot = 0 AND is_capped = 1), countIf(is_capped = 1)
FROM {database}.sessions_v
WHERE {condition}
"""


@dataclass(frozen=True, slots=True)
class RawSteps:
    """What was read, in order of visitor, start and session id. Shapes and units as in models.paths.Paths.

    The vocabulary holds (app, step) pairs, the step as it is in the table. ``values`` are those of the extra column,
    one code into ``value_names`` for each session; without such a column they are all 0 and ``value_names`` is [""].
    """

    vocabulary: list[tuple[str, str]]
    codes: NDArray[np.int32]
    starts: NDArray[np.int64]
    offsets_ms: NDArray[np.uint32]
    session_ids: NDArray[np.uint64]
    visitors: NDArray[np.int64]
    visitor_ids: NDArray[np.uint64]
    started_ms: NDArray[np.int64]
    value_names: list[str]
    values: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Sessions of the app and the time range that are not read: those of bots, and those cut at the cap."""

    bots: int
    capped: int


def read_steps(client: Client, database: str, selection: Selection, column: str | None = None) -> RawSteps:
    """Read the selected sessions, streamed, app by app; ``column``: a further column of ``sessions_v``, read as text.

    Memory at the peak: about 150 bytes a session and 30 a step.
    """
    extra = f"toString({identifier(column)})" if column else "''"
    reading = _Reading()
    for app in _apps(client, database, selection):
        chosen = msgspec.structs.replace(selection, app=app)
        query = _SESSIONS.replace("{column}", extra).replace("{condition}", chosen.condition())
        rows = client.execute_iter(
            qualified(query, database),
            chosen.parameters(),
            settings={"strings_as_bytes": True},
            chunk_size=ROWS_AT_ONCE,
        )
        reading.take(app, rows)
    return reading.arrays()


def read_left_out(client: Client, database: str, selection: Selection) -> LeftOut:
    """Count what ``read_steps`` leaves out."""
    query = _LEFT_OUT.replace("{condition}", selection.condition(of_all=True))
    ((bots, capped_people, capped),) = client.execute(qualified(query, database), selection.parameters())
    cut = capped if selection.bots else capped_people
    return LeftOut(bots=0 if selection.bots else bots, capped=0 if selection.capped else cut)


def _apps(client: Client, database: str, selection: Selection) -> list[str]:
    query = _APPS.replace("{condition}", selection.condition())
    return [app for (app,) in client.execute(qualified(query, database), selection.parameters())]


class _Codes(dict[bytes, int]):
    """Numbers its keys from ``first`` on, in the order in which they are first asked for."""

    def __init__(self, first: int = 0) -> None:
        super().__init__()
        self._first = first

    def __missing__(self, key: bytes) -> int:
        code = self[key] = self._first + len(self)
        return code


class _Reading:
    """Columns that grow with each block of rows."""

    def __init__(self) -> None:
        self._vocabulary: list[tuple[str, str]] = []
        self._codes, self._values, self._names = array("i"), array("i"), _Codes()
        self._offsets, self._lengths, self._started = array("I"), array("q"), array("q")
        self._sessions, self._visitors = bytearray(), bytearray()

    def take(self, app: str, blocks: Iterable[Sequence[Sequence[Any]]]) -> None:
        """Add the sessions of one app."""
        steps_of = _Codes(len(self._vocabulary))
        for block in blocks:
            sessions, visitors, started, steps, offsets, values = zip(*block, strict=True)
            self._sessions += b"".join(sessions)
            self._visitors += b"".join(visitors)
            self._started.extend(started)
            self._lengths.extend(map(len, steps))
            self._codes.extend(map(steps_of.__getitem__, chain.from_iterable(steps)))
            self._offsets.extend(chain.from_iterable(offsets))
            self._values.extend(map(self._names.__getitem__, values))
        self._vocabulary += [(app, step.decode("utf-8", "replace")) for step in steps_of]

    def arrays(self) -> RawSteps:
        """Everything taken, in order."""
        sessions, ids = _halves(self._sessions), _halves(self._visitors)
        visitor_ids, visitors = _number(ids)
        started = np.array(self._started, dtype=np.int64)
        order = np.lexsort((sessions[:, 1], sessions[:, 0], started, visitors))
        lengths = np.array(self._lengths, dtype=np.int64)
        starts = _starts(lengths[order])
        places = np.repeat(_starts(lengths)[:-1][order] - starts[:-1], lengths[order]) + np.arange(starts[-1])
        return RawSteps(
            vocabulary=self._vocabulary,
            codes=np.array(self._codes, dtype=np.int32)[places],
            starts=starts,
            offsets_ms=np.array(self._offsets, dtype=np.uint32)[places],
            session_ids=sessions[order],
            visitors=visitors[order],
            visitor_ids=visitor_ids,
            started_ms=started[order],
            value_names=[name.decode("utf-8", "replace") for name in self._names] or [""],
            values=np.array(self._values, dtype=np.int32)[order],
        )


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])


def _halves(ids: bytearray) -> NDArray[np.uint64]:
    """UUIDs as pairs (high, low)."""
    return np.frombuffer(bytes(ids), dtype=">u8").reshape(-1, 2).astype(np.uint64)


def _number(ids: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The distinct ids in order, and for each id its place there."""
    order = np.lexsort((ids[:, 1], ids[:, 0]))
    ranked = ids[order]
    is_new = np.ones(len(ids), dtype=np.bool_)
    is_new[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    numbers = np.empty(len(ids), dtype=np.int64)
    numbers[order] = np.cumsum(is_new) - 1
    return ranked[is_new], numbers
