"""Sessions given their patterns by the saved model: nothing is learned, the patterns stay as they are."""

from uuid import UUID

import msgspec
import numpy as np

from models.paths import make_paths, steps_of
from models.patterns.drift import Before, Drift, drift_of
from models.patterns.giving import give_patterns
from models.patterns.saved import Saved
from models.reading import read_steps
from models.selection import Selection
from streams.warehouse.insert import InsertClient


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions of one pattern among those assigned, and the pattern as it was learned."""

    id: UUID
    sessions: int
    share: float
    learned: Before | None


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What was assigned. drift: of the sizes against those the model was learned with."""

    sessions: int
    sizes: list[Size]
    drift: Drift
    model_version: str


def assign_sessions(client: InsertClient, database: str, saved: Saved, selection: Selection) -> Assignment:
    """Assign the selected sessions and write their rows of ``session_patterns``; others' stay."""
    raw = read_steps(client, database, selection)
    paths = make_paths(raw, steps_of(raw, saved.model.templates))
    given = give_patterns(client, database, selection.app or "", raw, paths, saved)
    counted = np.diff(raw.starts) > 0
    counts = np.bincount(given.assigned.patterns[counted], minlength=len(saved.model.patterns))
    of = max(int(counted.sum()), 1)
    sizes = [
        Size(id=id_, sessions=int(n), share=int(n) / of, learned=given.before.get(id_))
        for id_, n in zip(saved.model.patterns, counts, strict=True)
    ]
    drift = drift_of({size.id: size.share for size in sizes}, given.before)
    return Assignment(sessions=int(counted.sum()), sizes=sizes, drift=drift, model_version=saved.version)
