"""What a run did, counted in the store."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import msgspec
from clickhouse_driver import Client

from streams.outcome import Reason, Verdict
from streams.warehouse.queries import OutcomeCount

NOBODY = UUID(int=0)
"""The visitor id of events without a visitor."""


class Summary(msgspec.Struct, kw_only=True):
    """The result of ``thalweg run``.

    ``events`` (rows of events_v, late ones included), ``late``, ``visitors`` and ``sessions`` count the whole store;
    ``dead``, ``dropped``, ``duplicates``, ``empty`` and ``records`` count this run's input.
    """

    records: int
    events: int
    late: int
    dead: int
    dropped: int
    duplicates: int
    empty: int
    visitors: int
    sessions: int
    restarts: int
    seconds: float
    events_per_s: float
    cpu_us_per_event: float


def count(client: Client, database: str, outcomes: Sequence[OutcomeCount]) -> dict[str, int]:
    """The counts of a Summary, by its field names; ``outcomes`` are those of the run's raw topic."""
    ended = Counter[str]()
    for each in outcomes:
        if each.reason != Reason.CONTROL:  # the end records are ours, not the input's
            ended[each.outcome] += each.n
    events, late, visitors = client.execute(
        f"SELECT count(), countIf(is_late = 1), uniqExactIf((app_id, visitor_id), visitor_id != toUUID('{NOBODY}'))"  # noqa: S608
        f" FROM {database}.events_v"
    )[0]
    ((sessions,),) = client.execute(f"SELECT count() FROM {database}.sessions_v")  # noqa: S608
    return {
        "events": events,
        "late": late,
        "visitors": visitors,
        "sessions": sessions,
        "dead": ended[Verdict.DEAD],
        "dropped": ended[Verdict.DROPPED],
        "duplicates": ended[Verdict.DUPLICATE],
        "empty": ended[Verdict.EMPTY],
    }
