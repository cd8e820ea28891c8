"""Patterns learned, given the ids of those before, and kept."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from models.paths import Paths
from models.patterns import clusters
from models.patterns.identity import with_ids_of
from models.patterns.kept import KeptPatterns, keep_patterns
from models.patterns.model import Funnel, PatternModel, learn_model
from models.patterns.saved import METHOD, load_model
from models.reading import RawSteps
from models.selection import Selection
from models.templates import Templates
from streams.errors import StoreError
from streams.warehouse.insert import InsertClient

Progress = Callable[[str, int, int], None]


class Discovered(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned and kept. refused: why the model before is not read, so that clusters have new ids."""

    model: PatternModel
    kept: KeptPatterns
    refused: str = ""


def discover_patterns(  # noqa: PLR0913 - what it is made from
    client: InsertClient,
    database: str,
    raw: RawSteps,
    paths: Paths,
    funnels: list[Funnel],
    templates: Mapping[str, Templates],
    selection: Selection,
    seed: int,
    progress: Progress = lambda *_: None,
) -> Discovered:
    """Learn the patterns of ``paths`` (those of ``raw``, not folded) and keep them, under the ids of before where they
    are much the same. The same sessions, funnels and seed give the same model."""
    app, refused, before = selection.app or "", "", None
    try:
        before = load_model(client, database, app)
    except StoreError as error:
        refused = str(error)
    old = before.model if before else None
    model = learn_model(app, paths, funnels, templates, seed, old, lambda done, of: progress("behaviours", done, of))
    model = with_ids_of(model, old)
    progress("assigning sessions", 0, 0)
    kept = keep_patterns(client, database, raw, paths, model, selection, _parameters(model, paths, seed))
    return Discovered(model=model, kept=kept, refused=refused)


def _parameters(model: PatternModel, paths: Paths, seed: int) -> dict[str, Any]:
    return {
        "method": METHOD,
        "seed": seed,
        "sessions": len(paths),
        "visitors": len(paths.visitor_ids),
        "tried": msgspec.to_builtins(model.tried),
        "sample": clusters.SAMPLE,
        "rounds": clusters.ROUNDS,
    }
