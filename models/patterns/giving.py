"""Sessions given their patterns by a model, and written: what a run that learns and one that only assigns both do."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from models.paths import Paths
from models.patterns.drift import Before, read_before
from models.patterns.model import Assigned, assign
from models.patterns.saved import Saved
from models.patterns.session_table import Writing, next_version, write_sessions
from models.reading import RawSteps
from streams.warehouse.insert import InsertClient


class Given(msgspec.Struct, frozen=True):
    """What was given, under which version, and the app's patterns as they were kept until then."""

    assigned: Assigned
    writing: Writing
    before: Mapping[UUID, Before]


def give_patterns(client: InsertClient, database: str, app: str, raw: RawSteps, paths: Paths, saved: Saved) -> Given:
    """Write a row of ``session_patterns`` for each session of ``paths``, which are those of ``raw``, not folded. Rows
    of other sessions stay."""
    assigned, before = assign(paths, saved.model), read_before(client, database, app)
    writing = Writing(app, saved.version, next_version(client, database, app))
    write_sessions(client, database, raw, saved.model, assigned, writing)
    return Given(assigned, writing, before)
