"""Found funnels kept in the tables ``funnels`` and ``funnel_steps``, under ids that stay from run to run."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from clickhouse_driver import Client

from models.discovery.told import Told
from models.funnel_table import STEPS, step_row
from models.selection import Selection
from streams.warehouse.client import qualified

DISCOVERED = "discovered"
ALIKE = 0.6
"""Steps two funnels share in order, over those of both together, from which on they are one that changed."""
_BEFORE = "SELECT funnel_id, steps FROM {database}.funnels_v WHERE app_id = %(app)s AND source = 'discovered'"
_STEPS_BEFORE = """
SELECT funnel_id, position FROM {database}.funnel_steps_v
WHERE app_id = %(app)s AND funnel_id IN
    (SELECT funnel_id FROM {database}.funnels_v WHERE app_id = %(app)s AND source = 'discovered')
"""
_NEXT = "SELECT max(version) + 1 FROM {database}.funnels WHERE app_id = %(app)s"
_FUNNELS = (
    "INSERT INTO {database}.funnels (funnel_id, app_id, name, source, steps, step_order, scope, within_s, sessions,"
    " visitors, converted, conversion, lift, p_value, q_value, label, since_tstamp, until_tstamp, model_version,"
    " parameters, version) VALUES"
)
_GONE = "INSERT INTO {database}.funnels (funnel_id, app_id, source, version, is_deleted) VALUES"
_STEPS_GONE = "INSERT INTO {database}.funnel_steps (funnel_id, app_id, position, version, is_deleted) VALUES"
Steps = tuple[str, ...]


class Kept(msgspec.Struct, frozen=True):
    """ids: of the findings, in their order. stayed: how many had one before. gone: ids that are no more."""

    ids: list[UUID]
    stayed: int
    gone: list[UUID]


def keep(
    client: Client, database: str, told: Sequence[Told], selection: Selection, model: str, parameters: Mapping[str, Any]
) -> Kept:
    """Write the findings over those of the last run; what is found no more gets a tombstone. Steps before funnels."""
    app = selection.app or ""
    before = {id_: tuple(steps) for id_, steps in client.execute(qualified(_BEFORE, database), {"app": app})}
    steps_before = client.execute(qualified(_STEPS_BEFORE, database), {"app": app})
    ((version,),) = client.execute(qualified(_NEXT, database), {"app": app})
    ids = match_ids(app, [one.finding.steps for one in told], before)
    found = list(zip(ids, told, strict=True))
    steps = [(id_, app, *step_row(step), version) for id_, one in found for step in one.result.total.steps]
    places = {(row[0], row[2]) for row in steps}
    gone = [id_ for id_ in before if id_ not in ids]
    text = msgspec.json.encode(parameters).decode()
    written = {
        STEPS: steps,
        _FUNNELS: [_row(id_, app, one, selection, model, text, version) for id_, one in found],
        _GONE: [(id_, app, DISCOVERED, version, 1) for id_ in gone],
        _STEPS_GONE: [(id_, app, place, version, 1) for id_, place in steps_before if (id_, place) not in places],
    }
    for statement, values in written.items():
        if values:
            client.execute(qualified(statement, database), values)
    return Kept(ids, sum(id_ in before for id_ in ids), gone)


def _row(  # noqa: PLR0913 - what a row holds
    id_: UUID, app: str, one: Told, selection: Selection, model: str, parameters: str, version: int
) -> tuple[Any, ...]:
    funnel, finding, steps = one.funnel, one.finding, one.result.total.steps
    what = (id_, app, funnel.name, DISCOVERED, list(funnel.steps), funnel.order, funnel.scope, funnel.within_ms / 1_000)
    counts = (steps[0].count, one.visitors, steps[-1].count, steps[-1].conversion)
    sure = (finding.lift, finding.p_value, finding.q_value, one.label)
    return (*what, *counts, *sure, selection.since, selection.until, model, parameters, version)


def match_ids(app: str, found: Sequence[Steps], before: Mapping[UUID, Steps]) -> list[UUID]:
    """An id for each of ``found``: that of the funnel before with the same steps, else of the one most alike, else new.

    Each id is given once, the most alike first.
    """
    pairs = sorted((-alike(steps, old), place, id_) for place, steps in enumerate(found) for id_, old in before.items())
    given: dict[int, UUID] = {}
    for unlike, place, id_ in pairs:
        if -unlike >= ALIKE and place not in given and id_ not in given.values():
            given[place] = id_
    taken = set(before)
    return [given.get(place) or _new(app, steps, taken) for place, steps in enumerate(found)]


def _new(app: str, steps: Steps, taken: set[UUID]) -> UUID:
    """The same for the same steps, unless a funnel that changed still has it."""
    told = [app, DISCOVERED, *steps]
    while True:
        id_ = UUID(bytes=sha256("\0".join(told).encode()).digest()[:16])
        if id_ not in taken:
            taken.add(id_)
            return id_
        told.append("")


def alike(one: Steps, other: Steps) -> float:
    """Length of the longest common subsequence over the steps of both together: 1 for the same, 0 for strangers."""
    row = [0] * (len(other) + 1)
    for step in one:
        above = row[:]
        for place, theirs in enumerate(other, 1):
            row[place] = above[place - 1] + 1 if step == theirs else max(above[place], row[place - 1])
    shared = row[-1]
    return shared / max(len(one) + len(other) - shared, 1)
