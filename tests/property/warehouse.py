"""Four tables that keep the highest version of each sort key: ReplacingMergeTree(version, is_deleted) under FINAL."""

from itertools import pairwise
from typing import Any

import msgspec

from streams.sessionize.effects import Effects

KEYS = {
    "events": ("app_id", "visitor_id", "derived_tstamp", "event_id"),
    "sessions": ("app_id", "visitor_id", "start_tstamp", "session_id"),
    "visitors": ("app_id", "visitor_id"),
    "outcomes": ("raw_topic", "raw_partition", "raw_offset", "raw_index"),
}
Row = dict[str, Any]


class Tables:
    """Rows as plain dicts, so that later changes of a record do not change what was inserted."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[tuple[Any, ...], Row]] = {name: {} for name in KEYS}

    def insert(self, effects: Effects, until: int = 4) -> None:
        """The first ``until`` tables of the batch, in the sink's order."""
        for name in list(KEYS)[:until]:
            for record in getattr(effects, name):
                self._put(
                    name, {key: value for key, value in msgspec.structs.asdict(record).items() if key != "read_from"}
                )

    def _put(self, name: str, row: Row) -> None:
        key = tuple(row[column] for column in KEYS[name])
        old = self.rows[name].get(key)
        if old is not None and old["version"] == row["version"]:
            assert old == row, f"{name}: two rows of one key and version"
        if old is None or row["version"] >= old["version"]:
            self.rows[name][key] = row

    def assert_apart(self) -> None:
        """No two rows of ``sessions`` of one visitor overlap."""
        rows = sorted(self.final("sessions").values(), key=lambda r: (r["app_id"], r["visitor_id"], r["start_tstamp"]))
        for one, other in pairwise(rows):
            if (one["app_id"], one["visitor_id"]) == (other["app_id"], other["visitor_id"]):
                assert one["end_tstamp"] < other["start_tstamp"], "two rows of one visitor overlap"

    def final(self, name: str) -> dict[tuple[Any, ...], Row]:
        """What a reader sees under FINAL."""
        return {key: row for key, row in self.rows[name].items() if not row.get("is_deleted")}
