"""What the report asks of a store: one small query for each table or chart."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from clickhouse_driver import Client

from models.reading import LeftOut, read_left_out
from models.report.ends import ENDS, VISITS, Ends, Flow, Ranked, visited_templates
from models.selection import Selection
from streams.warehouse.client import qualified

_TOTALS = """
SELECT count(), uniqExact(app_id, visitor_id), uniqExact(app_id), sum(views), sum(total_events), avg(is_bounce),
       avg(is_new_visitor), quantileExact(0.5)(absolute_time_in_s), countIf(views = 0),
       min(start_tstamp), max(start_tstamp)
FROM {database}.sessions_v WHERE {condition}
"""
_PERIODS = """
SELECT {period}, count(), uniqExact(app_id, visitor_id)
FROM {database}.sessions_v WHERE {condition} GROUP BY 1 ORDER BY 1
"""
_RANKING = """
SELECT {column} AS value, count() AS n, uniqExact(app_id, visitor_id), avg(is_bounce)
FROM {database}.sessions_v WHERE {condition} GROUP BY value ORDER BY n DESC, value
"""
_RETENTION = """
SELECT cohort, dateDiff('week', cohort, week) AS age, count()
FROM
(
    SELECT toMonday(toDate(min(start_tstamp))) AS cohort, groupUniqArray(toMonday(toDate(start_tstamp))) AS weeks
    FROM {database}.sessions_v WHERE {condition} GROUP BY app_id, visitor_id
)
ARRAY JOIN weeks AS week
GROUP BY cohort, age ORDER BY cohort, age
"""


class Totals(msgspec.Struct, frozen=True):
    """Over all selected sessions. Shares are between 0 and 1; ``first`` and ``last`` are starts, UTC."""

    sessions: int
    visitors: int
    apps: int
    views: int
    events: int
    bounced: float
    new: float
    median_s: float
    without_view: int
    first: datetime
    last: datetime


class Period(msgspec.Struct, frozen=True):
    """Sessions that start in it, and their visitors."""

    start: datetime
    sessions: int
    visitors: int


class Cohort(msgspec.Struct, frozen=True):
    """Visitors whose first selected session lies in the week of ``start`` (a Monday), and how many came in the weeks
    after: ``came[0]`` is that week."""

    start: date
    came: list[int]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a report shows but funnels."""

    selection: Selection
    totals: Totals
    left_out: LeftOut
    unit: str
    periods: list[Period]
    landing: list[Ranked]
    drop_off: list[Ranked]
    flows: list[Flow]
    channels: list[Ranked]
    referrers: list[Ranked]
    countries: list[Ranked]
    devices: list[Ranked]
    browsers: list[Ranked]
    apps: list[Ranked]
    cohorts: list[Cohort]


def read_facts(client: Client, database: str, selection: Selection) -> Facts | None:
    """None where no session is selected."""

    def ask(query: str, **words: str) -> list[tuple[Any, ...]]:
        for word, text in {"condition": selection.condition(), **words}.items():
            query = query.replace("{" + word + "}", text)
        rows: list[tuple[Any, ...]] = client.execute(qualified(query, database), selection.parameters())
        return rows

    totals = Totals(*ask(_TOTALS)[0])
    if not totals.sessions:
        return None
    unit = _unit(totals)
    ends = Ends(ask(ENDS), visited_templates(ask(VISITS)), several_apps=totals.apps > 1)
    return Facts(
        selection=selection,
        totals=totals,
        left_out=read_left_out(client, database, selection),
        unit=unit,
        periods=_periods(ask(_PERIODS, period=_PERIOD[unit]), unit),
        landing=ends.landing(),
        drop_off=ends.drop_off(),
        flows=ends.flows(),
        cohorts=_cohorts(ask(_RETENTION)),
        **{name: _ranking(ask(_RANKING, column=column)) for name, column in _RANKINGS.items()},
    )


_PERIOD = {
    "hour": "toStartOfHour(start_tstamp)",
    "day": "toStartOfDay(start_tstamp, 'UTC')",
    "week": "toDateTime(toMonday(toDate(start_tstamp)), 'UTC')",
}
_STEP = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_RANKINGS = {
    "channels": "if(default_channel_group = '', '(none)', default_channel_group)",
    "referrers": "multiIf(refr_source != '', refr_source, refr_medium IN ('', 'internal'), '', domain(page_referrer))",
    "countries": "if(geo_country = '', '(unknown)', geo_country)",
    "devices": "if(dvce_type = '', '(unknown)', dvce_type)",
    "browsers": "if(br_family = '', '(unknown)', br_family)",
    "apps": "app_id",
}


def _unit(totals: Totals) -> str:
    span = totals.last - totals.first
    return "hour" if span <= timedelta(days=2) else "day" if span <= timedelta(days=180) else "week"


def _periods(rows: list[tuple[Any, ...]], unit: str) -> list[Period]:
    """Periods without a session in between count 0."""
    counted = {_utc(start): Period(_utc(start), sessions, visitors) for start, sessions, visitors in rows}
    if not counted:
        return []
    start, last, periods = min(counted), max(counted), []
    while start <= last:
        periods.append(counted.get(start) or Period(start, 0, 0))
        start += _STEP[unit]
    return periods


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=None)


def _ranking(rows: list[tuple[Any, ...]]) -> list[Ranked]:
    return [Ranked(name, sessions, bounced, visitors) for name, sessions, visitors, bounced in rows if name]


def _cohorts(rows: list[tuple[Any, ...]]) -> list[Cohort]:
    """Each as long as the weeks that could be seen; weeks without new visitors are left out."""
    if not rows:
        return []
    came: dict[date, dict[int, int]] = defaultdict(dict)
    for start, age, n in rows:
        came[start][age] = n
    last = max(start + timedelta(weeks=age) for start, age, _ in rows)
    return [
        Cohort(start, [ages.get(age, 0) for age in range((last - start).days // 7 + 1)]) for start, ages in came.items()
    ]
