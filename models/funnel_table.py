"""Counted funnels kept in the tables ``funnels`` and ``funnel_steps``."""

import hashlib
from uuid import UUID

from clickhouse_driver import Client

from models.funnel import Funnel, Order, Scope
from models.funnels import FunnelResult, StepCount
from models.selection import Selection
from streams.warehouse.client import has_table, qualified

DRAWN = "drawn"
_NEXT = "SELECT max(version) + 1 FROM {database}.funnels WHERE app_id = %(app)s AND funnel_id = %(id)s"
_READ = """
SELECT name, steps, within_s, step_order, scope FROM {database}.funnels_v
WHERE app_id = %(app)s ORDER BY source = 'discovered', q_value, sessions DESC, name, funnel_id
"""
_FUNNELS = (
    "INSERT INTO {database}.funnels (funnel_id, app_id, name, source, steps, step_order, scope, within_s, sessions,"
    " converted, conversion, since_tstamp, until_tstamp, version) VALUES"
)
STEPS = (
    "INSERT INTO {database}.funnel_steps (funnel_id, app_id, position, step, sessions, conversion, conversion_low,"
    " conversion_high, drop_off, median_s, version) VALUES"
)


def funnel_id(app: str, funnel: Funnel) -> UUID:
    """The same while app, name and what is counted stay."""
    told = (app, funnel.name, *funnel.steps, str(funnel.within_ms), funnel.order, funnel.scope)
    return UUID(bytes=hashlib.sha256("\0".join(told).encode()).digest()[:16])


def record_funnel(client: Client, database: str, result: FunnelResult, selection: Selection) -> UUID:
    """Write a drawn funnel's counts over those of its last time; the steps first, so that no funnel lacks them."""
    funnel, steps, app = result.funnel, result.total.steps, selection.app or ""
    id_ = funnel_id(app, funnel)
    ((version,),) = client.execute(qualified(_NEXT, database), {"app": app, "id": id_})
    client.execute(qualified(STEPS, database), [(id_, app, *step_row(step), version) for step in steps])
    row = (id_, app, funnel.name, DRAWN, list(funnel.steps), funnel.order, funnel.scope, funnel.within_ms / 1_000)
    counts = (steps[0].count, steps[-1].count, steps[-1].conversion, selection.since, selection.until)
    client.execute(qualified(_FUNNELS, database), [(*row, *counts, version)])
    return id_


def step_row(step: StepCount) -> tuple[int, str, int, float, float, float, float, float | None]:
    """What ``STEPS`` takes of a step, after the funnel and the app, before the version."""
    return (
        step.position,
        step.step,
        step.count,
        step.conversion,
        step.low,
        step.high,
        step.drop_off,
        step.median_s,
    )


def recorded_funnels(client: Client, database: str, app: str) -> list[Funnel]:
    """The funnels in the table for ``app``, drawn ones first; none where the schema is older than the table."""
    if not has_table(client, database, "funnels_v"):
        return []
    rows = client.execute(qualified(_READ, database), {"app": app})
    return [
        Funnel(
            name=name,
            steps=tuple(steps),
            within_ms=round(within_s * 1_000),
            order=Order(order) if order else Order.LOOSE,
            scope=Scope(scope) if scope else Scope.SESSION,
        )
        for name, steps, within_s, order, scope in rows
    ]
