"""The model that gives sessions their patterns: found funnels first, clusters for the rest, else what is left."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from uuid import UUID

import msgspec
import numpy as np

from models.discovery.sample import Ints
from models.paths import PAGE, Paths
from models.patterns.clusters import Stability, find_clusters, nearest
from models.patterns.features import presence, usual_steps
from models.patterns.walkers import walked_of
from models.patterns.walking import Walking, learn_walking
from models.templates import Templates

Funnel = tuple[UUID, tuple[str, ...]]
"""Id and steps of a found one."""


class Cluster(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """center: (dimensions,). profile: step → share of its sessions that hold it, times the step's weight."""

    id: UUID
    center: list[float]
    profile: dict[str, float]


class PatternModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """funnels: the surest first. walking: see there. steps: what points are made of. weights:
    (steps,). axes: (dimensions, steps). other: id of the pattern of all sessions that no funnel and no cluster takes.
    found, tried: see models.patterns.clusters. templates: app → the templates the steps were made with, of the usual
    ones and those of the funnels: a page that few sessions hold is not named."""

    funnels: list[Funnel]
    walking: Walking
    clusters: list[Cluster]
    other: UUID
    steps: list[str]
    weights: list[float]
    axes: list[list[float]]
    found: Stability | None
    tried: list[Stability]
    templates: dict[str, Templates]

    @property
    def patterns(self) -> list[UUID]:
        """Funnels, clusters, the rest: what ``Assigned.patterns`` counts."""
        return [*(id_ for id_, _ in self.funnels), *(cluster.id for cluster in self.clusters), self.other]


class Assigned(msgspec.Struct, frozen=True):
    """patterns: (sessions,) place in ``PatternModel.patterns``. walked: (sessions,) steps of its funnel, 0 without."""

    patterns: Ints
    walked: Ints


def learn_model(  # noqa: PLR0913 - what it is made from
    app: str,
    paths: Paths,
    funnels: Sequence[Funnel],
    templates: Mapping[str, Templates],
    seed: int,
    before: "PatternModel | None" = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> PatternModel:
    """Clusters are learned from the sessions that walk no funnel. The same input gives the same model. ``before``: the
    model of the last run, whose number of clusters and ids stay where they can."""
    steps = usual_steps(paths)
    chains = [chain for _, chain in funnels]
    named = _pages({*steps, *(step for chain in chains for step in chain)})
    walking = learn_walking(paths, chains)
    rest = np.flatnonzero(walked_of(paths, chains, walking).funnel < 0)
    held = presence(paths, steps)[rest]
    found = find_clusters(held, seed, len(before.clusters) if before else None, progress)
    labels = nearest(held, found.weights, found.axes, found.centers)
    clusters = []
    for number, center in enumerate(found.centers):
        shares = np.asarray(held[np.flatnonzero(labels == number)].mean(axis=0)) * found.weights
        profile = {step: float(share) for step, share in zip(steps, shares, strict=True) if share > 0}
        clusters.append(Cluster(id=_id(app, "cluster", repr(profile)), center=center.tolist(), profile=profile))
    return PatternModel(
        funnels=list(funnels),
        walking=walking,
        clusters=clusters,
        other=_id(app, "other"),
        steps=steps if clusters else [],
        weights=found.weights.tolist() if clusters else [],
        axes=found.axes.tolist() if clusters else [],
        found=found.found,
        tried=found.tried,
        templates={app: known.only(named) for app, known in templates.items()},
    )


def _pages(steps: Iterable[str]) -> set[str]:
    return {step.removeprefix(PAGE) for step in steps if step.startswith(PAGE)}


def _id(*told: str) -> UUID:
    return UUID(bytes=sha256("\0".join(("pattern", *told)).encode()).digest()[:16])


def assign(paths: Paths, model: PatternModel) -> Assigned:
    """Each session its pattern, by the model alone: nothing is learned."""
    walked = walked_of(paths, [chain for _, chain in model.funnels], model.walking)
    patterns = np.where(walked.funnel >= 0, walked.funnel, len(model.patterns) - 1)
    rest = np.flatnonzero(walked.funnel < 0)
    if model.clusters and len(rest):
        centers = np.array([cluster.center for cluster in model.clusters])
        held = presence(paths, model.steps)[rest]
        labels = nearest(held, np.array(model.weights), np.array(model.axes), centers)
        patterns[rest[labels >= 0]] = len(model.funnels) + labels[labels >= 0]
    return Assigned(patterns, walked.steps)
