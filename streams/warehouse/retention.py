"""How long rows are kept: the settings as each table's TTL, and what a server holds beside them."""

import re
from collections import defaultdict
from enum import StrEnum

import msgspec
from clickhouse_driver import Client

from streams.settings import RetentionSettings
from streams.warehouse.client import identifier

TIMES = {
    "events": "derived_tstamp",
    "sessions": "start_tstamp",
    "outcomes": "arrival_tstamp",
    "visitors": "last_seen_tstamp",
    "session_patterns": "start_tstamp",
    "funnels": "written_tstamp",
    "funnel_steps": "written_tstamp",
    "patterns": "written_tstamp",
    "pattern_models": "written_tstamp",
}
"""Table → the column its rows' age is told by: the same in every version of a row, or newer in a newer one."""
_FINDINGS = ("findings", "sessions")
KEPT_BY = {
    "session_patterns": ("sessions",),
    "funnels": _FINDINGS,
    "funnel_steps": _FINDINGS,
    "patterns": _FINDINGS,
    "pattern_models": _FINDINGS,
}
"""Table → the settings it is kept by, the first that has days; others by the one of their name. Nothing about a session
stays longer than the session; what was found in sessions is kept as long as these, unless it has days of its own."""
_OVER_ALL = ""
"""app_id of what was found over all apps together."""
_TTL = re.compile(r"\bTTL (.*?)(?: SETTINGS .*)?$", re.DOTALL)


class TtlState(StrEnum):
    """Where a table's TTL stands."""

    DONE = "done"
    APPLIED = "applied"
    PENDING = "pending"


class TableTtl(msgspec.Struct, frozen=True):
    """The TTL of one table; empty text: rows are kept for ever."""

    table: str
    wanted: str
    found: str
    state: TtlState


def set_retention(
    client: Client, database: str, retention: RetentionSettings, *, dry_run: bool = False
) -> list[TableTtl]:
    """Give each table the TTL of the settings, and say what was there. Dry: changes nothing.

    A table that is not there yet counts as one without TTL. What expires is gone for good with a merge soon after.
    """
    told = []
    for table in TIMES:
        wanted, found = _formatted(client, ttl_of(table, retention)), _found(client, database, table)
        same = wanted == found
        if not same and not dry_run:
            clause = f"MODIFY TTL {ttl_of(table, retention)}" if wanted else "REMOVE TTL"
            client.execute(f"ALTER TABLE {identifier(database)}.{table} {clause}")
        state = TtlState.DONE if same else TtlState.PENDING if dry_run else TtlState.APPLIED
        told.append(TableTtl(table, wanted, found, state))
    return told


def ttl_of(table: str, retention: RetentionSettings) -> str:
    """The TTL of a table as SQL: whole days of UTC, the app's own where it has one; empty where nothing expires.

    Source: clickhouse.com/docs/engines/table-engines/mergetree-family/mergetree#table_engine-mergetree-ttl (several
    rules with WHERE, at most one without).
    """
    common = days_of(table, retention)
    by_days: dict[int, list[str]] = defaultdict(list)
    for app, days in sorted(_own(table, retention).items()):
        by_days[days].append(_quoted(app))
    rules = [f"{_end(table, days)} DELETE WHERE app_id IN ({', '.join(apps)})" for days, apps in by_days.items()]
    if common is not None:
        own = sorted(app for apps in by_days.values() for app in apps)
        rules.append(_end(table, common) + (f" DELETE WHERE app_id NOT IN ({', '.join(own)})" if own else ""))
    return ", ".join(rules)


def days_of(table: str, retention: RetentionSettings, app: str | None = None) -> int | None:
    """Days that a table's rows of ``app`` are kept, or those of an app without days of its own; None for ever."""
    places = [place for place in (retention.apps.get(app) if app is not None else None, retention) if place]
    given = (getattr(place, setting) for setting in KEPT_BY.get(table, (table,)) for place in places)
    return next((days for days in given if days is not None), None)


def _own(table: str, retention: RetentionSettings) -> dict[str, int]:
    """App → its days, where they are not those of all. What was found over all apps holds pages of each of them: it
    goes with the shortest."""
    common = days_of(table, retention)
    own = {app: days_of(table, retention, app) for app in retention.apps}
    if KEPT_BY.get(table) == _FINDINGS:
        own[_OVER_ALL] = min((days for days in (common, *own.values()) if days is not None), default=None)
    return {app: days for app, days in own.items() if days is not None and days != common}


def _end(table: str, days: int) -> str:
    return f"toDate({TIMES[table]}, 'UTC') + INTERVAL {days} DAY"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _formatted(client: Client, ttl: str) -> str:
    """The TTL in the server's own words, so that it can be compared with what the server says it has."""
    if not ttl:
        return ""
    create = f"CREATE TABLE t (x UInt8) ENGINE = MergeTree ORDER BY x TTL {ttl}"
    ((text,),) = client.execute("SELECT formatQuerySingleLine(%(create)s)", {"create": create})
    return _part(text)


def _found(client: Client, database: str, table: str) -> str:
    rows = client.execute(
        "SELECT engine_full FROM system.tables WHERE database = %(database)s AND name = %(table)s",
        {"database": database, "table": table},
    )
    return _part(rows[0][0]) if rows else ""


def _part(text: str) -> str:
    match = _TTL.search(text)
    return match[1] if match else ""
