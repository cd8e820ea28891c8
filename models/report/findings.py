"""What discovery left in the tables, for the report: how sure its funnels are, and the patterns."""

from typing import Any

import msgspec
from clickhouse_driver import Client

from streams.warehouse.client import has_table, qualified

_SURE = """
SELECT steps, lift, q_value, label FROM {database}.funnels_v WHERE app_id = %(app)s AND source = 'discovered'
"""
_PATTERNS = """
SELECT name, kind, description, sessions, visitors, share, share_before, conversion, goal_share, stability,
       stability_by_chance
FROM {database}.patterns_v WHERE app_id = %(app)s AND sessions > 0
ORDER BY kind = 'other', kind = 'cluster', sessions DESC, name
"""


class Evidence(msgspec.Struct, frozen=True):
    """Why a funnel nobody drew is told. label: empty, or what explains it."""

    lift: float
    q_value: float
    label: str


class Pattern(msgspec.Struct, frozen=True):
    """A row of ``patterns_v``; see there."""

    name: str
    kind: str
    description: str
    sessions: int
    visitors: int
    share: float
    share_before: float | None
    conversion: float | None
    goal_share: float
    stability: float | None
    stability_by_chance: float | None


class Findings(msgspec.Struct, frozen=True):
    """evidence: steps of a discovered funnel → how sure it is. patterns: funnels, then clusters, then the rest."""

    evidence: dict[tuple[str, ...], Evidence]
    patterns: list[Pattern]


NOTHING = Findings({}, [])


def read_findings(client: Client, database: str, app: str) -> Findings:
    """Of ``app``; nothing where the schema is older than the tables."""

    def ask(view: str, query: str) -> list[tuple[Any, ...]]:
        if not has_table(client, database, view):
            return []
        rows: list[tuple[Any, ...]] = client.execute(qualified(query, database), {"app": app})
        return rows

    evidence = {tuple(steps): Evidence(lift or 0.0, q, label) for steps, lift, q, label in ask("funnels_v", _SURE)}
    return Findings(evidence, [Pattern(*row) for row in ask("patterns_v", _PATTERNS)])
