"""Late events that no rebuild has adopted yet: of which apps and days."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import msgspec
from clickhouse_driver import Client

from streams.warehouse.client import qualified


class Pending(msgspec.Struct, frozen=True):
    """``days`` (UTC, by event time) on which the app has late events that wait, and how many there are."""

    app_id: str
    days: Sequence[date]
    events: int


def find_pending(client: Client, database: str, window_days: int, app_id: str | None = None) -> list[Pending]:
    """By app. ``window_days`` back from the newest event; of one app, or of all.

    Cost: column ``is_late`` of the window, then whole rows of the days that have late ones.
    """
    of_app = "" if app_id is None else " AND app_id = %(app)s"
    # Beaten rows say late for events that were adopted, until a merge: so the days are candidates, and FINAL decides.
    query = f"""
    SELECT app_id, toDate(derived_tstamp) AS day, count() FROM {{database}}.events FINAL
    WHERE is_late = 1 AND (app_id, toDate(derived_tstamp)) IN
    (
        SELECT DISTINCT app_id, toDate(derived_tstamp) FROM {{database}}.events
        WHERE is_late = 1 AND derived_tstamp >=
            (SELECT max(derived_tstamp) FROM {{database}}.events) - toIntervalDay(%(days)s){of_app}
    )
    GROUP BY app_id, day ORDER BY app_id, day
    """  # noqa: S608 - constants
    found: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for app, day, events in client.execute(qualified(query, database), {"days": window_days, "app": app_id}):
        found[app].append((day, events))
    return [Pending(app, [day for day, _ in days], sum(events for _, events in days)) for app, days in found.items()]
