"""The table ``session_patterns``: which session has which pattern, written as columns.

An app's model is of sessions of the app alone: queries ask for ``app_id`` too, by which the key finds them.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.discovery.sample import Ints
from models.patterns.model import Assigned, PatternModel
from models.reading import RawSteps
from streams.warehouse.client import qualified
from streams.warehouse.columns import LOW, TIME
from streams.warehouse.insert import Encoded, EncodedBlock, InsertClient
from streams.warehouse.wire import encoder

TABLE = "session_patterns"
AT_ONCE = 1 << 18
"""Rows of one block."""
_COLUMNS = {
    "session_id": "UUID",
    "app_id": LOW,
    "start_tstamp": TIME,
    "model_app_id": LOW,
    "pattern_id": "UUID",
    "walked": "UInt16",
    "model_version": LOW,
    "version": "UInt64",
}
_SETTINGS = {"max_partitions_per_insert_block": 0}
_NEXT = """
SELECT max(version) + 1 FROM
(
    SELECT max(version) AS version FROM {database}.session_patterns
    WHERE model_app_id = %(app)s AND (%(app)s = '' OR app_id = %(app)s)
    UNION ALL SELECT max(version) FROM {database}.patterns WHERE app_id = %(app)s
    UNION ALL SELECT max(version) FROM {database}.pattern_models WHERE app_id = %(app)s
)
"""
_GONE = """
INSERT INTO {database}.session_patterns
    (session_id, app_id, start_tstamp, model_app_id, pattern_id, walked, model_version, version, is_deleted)
SELECT session_id, app_id, start_tstamp, model_app_id, pattern_id, walked, model_version, %(version)s, 1
FROM {database}.session_patterns FINAL
WHERE model_app_id = %(app)s AND (%(app)s = '' OR app_id = %(app)s) AND version < %(version)s
"""


class Writing(msgspec.Struct, frozen=True):
    """app: the model was learned over; "" for all. version: which copy wins."""

    app: str
    model_version: str
    version: int


def next_version(client: InsertClient, database: str, app: str) -> int:
    """Above all that is there of the app, in any of the tables."""
    ((version,),) = client.execute(qualified(_NEXT, database), {"app": app})
    return int(version)


def write_sessions(
    client: InsertClient, database: str, raw: RawSteps, model: PatternModel, assigned: Assigned, writing: Writing
) -> None:
    """A row for each session with a step. The same rows again change nothing under FINAL."""
    written = np.flatnonzero(np.diff(raw.starts) > 0)
    apps = [app for app, _ in raw.vocabulary]
    halves = np.array([[id_.int >> 64, id_.int & 2**64 - 1] for id_ in model.patterns], dtype="<u8")
    blocks = [
        _block(written[first : first + AT_ONCE], raw, halves, apps, assigned, writing)
        for first in range(0, len(written), AT_ONCE)
    ]
    if blocks:
        client.insert(database, Encoded(TABLE, _COLUMNS, blocks), _SETTINGS)


def remove_others(client: InsertClient, database: str, writing: Writing) -> None:
    """Rows of the app's models before get a tombstone, unless they were written again."""
    client.execute(qualified(_GONE, database), {"app": writing.app, "version": writing.version}, settings=_SETTINGS)


def _block(
    rows: Ints,
    raw: RawSteps,
    patterns: NDArray[np.uint64],
    apps: Sequence[str],
    assigned: Assigned,
    writing: Writing,
) -> EncodedBlock:
    bodies: Mapping[str, bytes] = {
        "session_id": raw.session_ids[rows].astype("<u8").tobytes(),
        "app_id": encoder(LOW)([apps[code] for code in raw.codes[raw.starts[rows]]]),
        "start_tstamp": raw.started_ms[rows].astype("<i8").tobytes(),
        "model_app_id": encoder(LOW)([writing.app] * len(rows)),
        "pattern_id": patterns[assigned.patterns[rows]].tobytes(),
        "walked": assigned.walked[rows].astype("<u2").tobytes(),
        "model_version": encoder(LOW)([writing.model_version] * len(rows)),
        "version": np.full(len(rows), writing.version, dtype="<u8").tobytes(),
    }
    return EncodedBlock(len(rows), [bodies[name] for name in _COLUMNS])
