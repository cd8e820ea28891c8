"""Patterns kept in the tables: sessions first, then the patterns, the model last, so that nothing points to nowhere."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from models.paths import Paths
from models.patterns.drift import Before, Drift, drift_of
from models.patterns.facets import NOBODY, Facets, added, read_facets
from models.patterns.giving import give_patterns
from models.patterns.model import PatternModel
from models.patterns.saved import Saved, save_model, to_body
from models.patterns.session_table import Writing, remove_others
from models.patterns.told import PatternTold, tell_patterns
from models.patterns.words import describe
from models.reading import RawSteps
from models.selection import Selection
from streams.warehouse.client import qualified
from streams.warehouse.insert import InsertClient

_PATTERNS = (
    "INSERT INTO {database}.patterns (pattern_id, app_id, name, kind, description, steps, step_shares, step_lifts,"
    " sessions, visitors, share, conversion, goal_share, drop_off_step, drop_off, devices, channels, stability,"
    " stability_by_chance, sessions_before, share_before, since_tstamp, until_tstamp, model_version, parameters,"
    " version) VALUES"
)
_GONE = "INSERT INTO {database}.patterns (pattern_id, app_id, version, is_deleted) VALUES"


class KeptPattern(msgspec.Struct, frozen=True, kw_only=True):
    """One pattern as it stands in the table."""

    told: PatternTold
    facets: Facets
    description: str
    before: Before | None


class KeptPatterns(msgspec.Struct, frozen=True, kw_only=True):
    """In the model's order. drift: against the run before; None at the first. devices, channels: of all sessions."""

    patterns: list[KeptPattern]
    drift: Drift | None
    devices: dict[str, int]
    channels: dict[str, int]
    model_version: str


def keep_patterns(  # noqa: PLR0913 - what is kept
    client: InsertClient,
    database: str,
    raw: RawSteps,
    paths: Paths,
    model: PatternModel,
    selection: Selection,
    parameters: Mapping[str, Any],
) -> KeptPatterns:
    """Give every session of ``paths`` its pattern and write all over what the run before left; what it had and this
    one has not gets a tombstone. ``paths`` are those of ``raw``, not folded."""
    app, body = selection.app or "", to_body(model)
    given = give_patterns(client, database, app, raw, paths, Saved(model, body.model_version))
    writing, before = given.writing, given.before
    remove_others(client, database, writing)
    facets = read_facets(client, database, app, writing.version)
    kept = _kept(tell_patterns(paths, model, given.assigned), facets, before, body.model_version)
    _write(client, database, kept, model, selection, parameters, writing)
    gone = [id_ for id_ in before if id_ not in model.patterns]
    if gone:
        client.execute(qualified(_GONE, database), [(id_, app, writing.version, 1) for id_ in gone])
    save_model(client, database, app, body, writing.version)
    return kept


def _kept(
    told: list[PatternTold], facets: Mapping[UUID, Facets], before: Mapping[UUID, Before], model_version: str
) -> KeptPatterns:
    devices, channels = added(f.devices for f in facets.values()), added(f.channels for f in facets.values())
    patterns = [
        KeptPattern(
            told=one,
            facets=(mine := facets.get(one.id, NOBODY)),
            description=describe(one, mine, devices, channels),
            before=before.get(one.id),
        )
        for one in told
    ]
    return KeptPatterns(
        patterns=patterns,
        drift=drift_of({one.id: one.share for one in told}, before) if before else None,
        devices=devices,
        channels=channels,
        model_version=model_version,
    )


def _write(  # noqa: PLR0913 - what a row holds
    client: InsertClient,
    database: str,
    kept: KeptPatterns,
    model: PatternModel,
    selection: Selection,
    parameters: Mapping[str, Any],
    writing: Writing,
) -> None:
    made = (selection.since, selection.until, writing.model_version, msgspec.json.encode(parameters).decode())
    rows = [(*_row(one, model, writing.app), *made, writing.version) for one in kept.patterns]
    client.execute(qualified(_PATTERNS, database), rows)


def _row(one: KeptPattern, model: PatternModel, app: str) -> tuple[Any, ...]:
    told, facets, before, found = one.told, one.facets, one.before, model.found if one.told.kind == "cluster" else None
    steps = [step.step for step in told.steps], [step.share for step in told.steps], [step.lift for step in told.steps]
    counts = (told.sessions, told.visitors, told.share, told.conversion, facets.with_goal / max(told.sessions, 1))
    ends = (told.drop_off_step, told.drop_off, facets.devices, facets.channels)
    sure = (found.stability, found.by_chance) if found else (None, None)
    moved = (before.sessions, before.share) if before else (None, None)
    return (told.id, app, told.name, told.kind, one.description, *steps, *counts, *ends, *sure, *moved)
