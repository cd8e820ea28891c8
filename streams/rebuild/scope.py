"""Which visitors a rebuild looks at, as SQL."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from streams.records import NO_ID

NOBODY = "toUUID('00000000-0000-0000-0000-000000000000')"
IS_LONE = f"visitor_id = {NOBODY}"
WHO = f"if({IS_LONE}, event_id, visitor_id)"
"""Whose event it is: the visitor's, or of an event without visitor its own id's."""

assert bytes(16) == NO_ID


class Scope(msgspec.Struct, frozen=True):
    """The visitors of ``app_id`` that ``touched`` (a SELECT of their WHO from ``{database}.events``) names."""

    app_id: str
    touched: str
    params: Mapping[str, object]


def in_range(app_id: str, start: int, end: int, *, late_only: bool = False) -> Scope:
    """Visitors with an event at start ≤ time < end (ms); with ``late_only`` one that no rebuild has adopted yet."""
    final, late = ("FINAL", "AND is_late = 1") if late_only else ("", "")
    touched = (
        f"SELECT {WHO} FROM {{database}}.events {final} WHERE app_id = %(app)s"  # noqa: S608 - constants
        " AND derived_tstamp >= fromUnixTimestamp64Milli(%(start)s, 'UTC')"
        f" AND derived_tstamp < fromUnixTimestamp64Milli(%(end)s, 'UTC') {late}"
    )
    return Scope(app_id, touched, {"app": app_id, "start": start, "end": end})


def of_days(app_id: str, days: Sequence[date], *, late_only: bool = True) -> Scope:
    """Visitors with an event on one of these days (UTC); with ``late_only`` one that no rebuild has adopted yet."""
    final, late = ("FINAL", "AND is_late = 1") if late_only else ("", "")
    touched = (
        f"SELECT {WHO} FROM {{database}}.events {final} WHERE app_id = %(app)s"  # noqa: S608 - constants
        f" AND toDate(derived_tstamp) IN %(days)s {late}"
    )
    return Scope(app_id, touched, {"app": app_id, "days": tuple(days)})


def of_generations(app_id: str, generations: Sequence[int]) -> Scope:
    """Visitors with an on-time event that was written in one of these generations."""
    touched = (
        f"SELECT {WHO} FROM {{database}}.events WHERE app_id = %(app)s"  # noqa: S608 - constants
        " AND bitShiftRight(version, 48) IN %(generations)s"
    )
    return Scope(app_id, touched, {"app": app_id, "generations": tuple(generations)})
