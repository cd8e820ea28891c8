"""The few reads of the warehouse that workers and commands need."""

import msgspec
from clickhouse_driver import Client

from streams.records import INFINITY
from streams.warehouse.client import qualified

# Gaps and islands over the offsets that are complete; the given ends stand as guards outside the range.
_HOLES = """
SELECT before + 1, at - 1
FROM
(
    SELECT at, lagInFrame(at, 1, toInt64(%(first)s) - 1) OVER
        (ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
    FROM
    (
        SELECT toInt64(raw_offset) AS at
        FROM {database}.outcomes FINAL
        WHERE raw_topic = %(raw_topic)s AND raw_partition = %(partition)s
            AND raw_offset BETWEEN %(first)s AND %(last)s
        GROUP BY raw_offset
        HAVING count() >= greatest(max(events), 1)
        UNION ALL
        SELECT toInt64(%(last)s) + 1
    )
)
WHERE at - before > 1
ORDER BY before
"""


class OutcomeCount(msgspec.Struct, frozen=True):
    """How many raw events of a topic ended so."""

    outcome: str
    reason: str
    n: int


def ended(client: Client, database: str, generation: int, partitions: int) -> bool:
    """True when every one of the generation's enriched partitions has folded the end of all input."""
    rows = client.execute(
        qualified(
            "SELECT count() FROM {database}.progress FINAL"
            " WHERE generation = %(generation)s AND partition < %(partitions)s AND watermark = %(infinity)s",
            database,
        ),
        {"generation": generation, "partitions": partitions, "infinity": INFINITY},
    )
    return int(rows[0][0]) == partitions


def outcome_counts(client: Client, database: str, raw_topic: str) -> list[OutcomeCount]:
    """Raw events of ``raw_topic`` (``name@n``) by outcome and reason, in that order."""
    rows = client.execute(
        qualified(
            "SELECT outcome, reason, count() FROM {database}.outcomes FINAL"
            " WHERE raw_topic = %(raw_topic)s GROUP BY outcome, reason ORDER BY outcome, reason",
            database,
        ),
        {"raw_topic": raw_topic},
    )
    return [OutcomeCount(*row) for row in rows]


def raw_reach(client: Client, database: str, days: int | None = None) -> list[tuple[str, int, int, int]]:
    """Every raw partition that is known: (``name@n``, partition, lowest offset, highest offset), in order.

    With ``days``: by rows that a TTL of so many days, today included, cannot have taken. Rows lie in the order of their
    arrival but for what came late within the first hour of a day.
    """
    rows = client.execute(
        qualified(
            "SELECT raw_topic, raw_partition, min(raw_offset), max(raw_offset) FROM {database}.outcomes"
            " WHERE %(days)s = 0"
            " OR arrival_tstamp >= toStartOfDay(now('UTC')) - toIntervalDay(%(days)s - 1) + toIntervalHour(1)"
            " GROUP BY raw_topic, raw_partition ORDER BY raw_topic, raw_partition",
            database,
        ),
        {"days": days or 0},
    )
    return [(str(topic), int(partition), int(low), int(high)) for topic, partition, low, high in rows]


def ended_logs(client: Client, database: str) -> set[str]:
    """The raw topics (``name@n``) whose every known partition has the end record of a bounded run as its last."""
    rows = client.execute(
        qualified(
            "SELECT raw_topic FROM (SELECT raw_topic, raw_partition,"
            " argMax((outcome, reason), raw_offset) = ('empty', 'control') AS is_ended"
            " FROM {database}.outcomes FINAL GROUP BY raw_topic, raw_partition)"
            " GROUP BY raw_topic HAVING min(is_ended)",
            database,
        )
    )
    return {str(topic) for (topic,) in rows}


def raw_holes(
    client: Client, database: str, raw_topic: str, partition: int, first: int, last: int
) -> list[tuple[int, int]]:
    """Ranges (first, last) of raw offsets within the given ones that are not accounted for, in order.

    An offset is when ``outcomes`` holds a row for each of the events its record held. Empty: the ledger is complete.
    """
    rows = client.execute(
        qualified(_HOLES, database),
        {"raw_topic": raw_topic, "partition": partition, "first": first, "last": last},
    )
    return [(int(start), int(end)) for start, end in rows]
