"""How far the fold of the store's enriched topic has come, and from when events are held."""

from collections.abc import Mapping

import msgspec
from clickhouse_driver import Client

from streams.encode import partition_of
from streams.records import NO_ID
from streams.sessionize.state import is_lone, key_parts
from streams.sessionize.watermark import BEFORE_ALL
from streams.warehouse.client import qualified
from streams.warehouse.generations import ENRICHED


class Reached(msgspec.Struct, frozen=True):
    """``generation`` is the newest known; watermarks are those of the newest that has folded anything."""

    generation: int
    partitions: int
    watermarks: Mapping[int, int]

    def partition(self, key: bytes) -> int:
        """The enriched partition of a visitor's (or lone event's) key."""
        who, app_id = key_parts(key)
        visitor, event = (NO_ID, who) if is_lone(key) else (who, NO_ID)
        return partition_of(app_id, visitor, event, self.partitions)

    def watermark(self, key: bytes) -> int:
        """That of the key's partition; before all time where it has none yet."""
        return self.watermarks.get(self.partition(key), BEFORE_ALL)


def read_reached(client: Client, database: str) -> Reached:
    """Read it before the rows: what lies below is then complete in them."""
    known = client.execute(
        qualified(
            "SELECT generation, partitions FROM {database}.generations FINAL WHERE kind = %(kind)s ORDER BY generation",
            database,
        ),
        {"kind": ENRICHED},
    )
    rows = client.execute(
        qualified(
            "SELECT generation, partition, watermark FROM {database}.progress FINAL"
            " WHERE generation = (SELECT max(generation) FROM {database}.progress)",
            database,
        )
    )
    watermarks = {partition: BEFORE_ALL if mark == -1 else mark for _, partition, mark in rows}
    folded = rows[0][0] if rows else 0
    partitions = dict(known).get(folded) or max(watermarks, default=0) + 1
    return Reached(known[-1][0] if known else 1, partitions, watermarks)


def first_day(client: Client, database: str, app_id: str) -> int:
    """Start of the oldest day (UTC, ms) that ``events`` still holds of the app; 0 where it holds none."""
    rows = client.execute(
        qualified(
            "SELECT toUnixTimestamp64Milli(toDateTime64(toStartOfDay(min(derived_tstamp)), 3, 'UTC'))"
            " FROM {database}.events WHERE app_id = %(app)s AND is_deleted = 0",
            database,
        ),
        {"app": app_id},
    )
    return max(0, int(rows[0][0]))
