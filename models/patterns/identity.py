"""Ids of clusters that stay from run to run: a cluster that does what one did before is that one."""

from collections.abc import Mapping
from math import sqrt
from uuid import UUID

import msgspec

from models.patterns.model import PatternModel

ALIKE = 0.8
"""Cosine of two clusters' profiles from which on they are one that changed."""


def with_ids_of(model: PatternModel, before: PatternModel | None) -> PatternModel:
    """``model`` with the ids of the clusters before that are most alike, each given once."""
    if before is None:
        return model
    pairs = sorted(
        (-likeness(new.profile, old.profile), place, old.id.hex, old)
        for place, new in enumerate(model.clusters)
        for old in before.clusters
    )
    given: dict[int, UUID] = {}
    for unlike, place, _, old in pairs:
        if -unlike >= ALIKE and place not in given and old.id not in given.values():
            given[place] = old.id
    clusters = [
        msgspec.structs.replace(cluster, id=given.get(place, cluster.id))
        for place, cluster in enumerate(model.clusters)
    ]
    return msgspec.structs.replace(model, clusters=clusters)


def likeness(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The cosine of two profiles: 1 for the same, 0 for strangers."""
    dot = sum(value * other.get(step, 0.0) for step, value in one.items())
    norms = sqrt(sum(value**2 for value in one.values()) * sum(value**2 for value in other.values()))
    return dot / norms if norms else 0.0
