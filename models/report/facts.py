"""What the report asks of a store: one small query for each table or chart."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from clickhouse_driver import Client

from models.reading import LeftOut, read_left_out
from models.selection import Selection
from models.templates import Templates, learn
from streams.warehouse.client import qualified

OTHER = "other"
_TOTALS = """
SELECT count(), uniqExact(app_id, visitor_id), uniqExact(app_id), sum(views), sum(total_events), avg(is_bounce),
       avg(is_new_visitor), quantileExact(0.5)(absolute_time_in_s), countIf(views = 0),
       min(start_tstamp), max(start_tstamp)
FROM {database}.sessions_v WHERE {condition}
"""
_VISITS = """
SELECT app_id, substring(step, 6), count()
FROM {database}.sessions_v ARRAY JOIN steps AS step
WHERE {condition} AND startsWith(step, 'page:') GROUP BY app_id, step
"""
_PERIODS = """
SELECT {period}, count(), uniqExact(app_id, visitor_id)
FROM {database}.sessions_v WHERE {condition} GROUP BY 1 ORDER BY 1
"""
_ENDS = """
SELECT app_id,
       first_page_urlpath, if(first_page_title != '', first_page_title, replaceOne(steps[1], 'event:', '')),
       last_page_urlpath, if(last_page_title != '', last_page_title, replaceOne(steps[-1], 'event:', '')), views > 1, count(),
       sum(is_bounce)
FROM {database}.sessions_v WHERE {condition} AND views > 0 GROUP BY 1, 2, 3, 4, 5, 6
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


class Ranked(msgspec.Struct, frozen=True):
    """One line of a ranking."""

    name: str
    sessions: int
    bounced: float
    visitors: int | None = None


class Flow(msgspec.Struct, frozen=True):
    """Sessions of two and more views from a landing page to a drop-off page."""

    entry: str
    exit: str
    sessions: int


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
    ends = _Ends(ask(_ENDS), _templates(ask(_VISITS)), several_apps=totals.apps > 1)
    return Facts(
        selection=selection,
        totals=totals,
        left_out=read_left_out(client, database, selection),
        unit=unit,
        periods=_periods(ask(_PERIODS, period=_PERIOD[unit]), unit),
        landing=ends.ranking(lambda end: end.entry),
        drop_off=ends.ranking(lambda end: end.exit),
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


def _templates(rows: list[tuple[Any, ...]]) -> dict[str, Templates]:
    visits: dict[str, dict[str, int]] = defaultdict(dict)
    for app, path, n in rows:
        visits[app][path] = n
    return {app: learn(paths) for app, paths in visits.items()}


class _End(msgspec.Struct, frozen=True):
    entry: str
    exit: str
    is_walk: bool
    sessions: int
    bounces: int


class _Ends:
    """Where sessions with a view begin and end: by template, else by title, else (a screen) by the step's name.

    The app's name goes before it where there are several.
    """

    def __init__(self, rows: list[tuple[Any, ...]], templates: dict[str, Templates], *, several_apps: bool) -> None:
        self._templates, self._several = templates, several_apps
        self._ends = [
            _End(self._name(app, first, first_title), self._name(app, last, last_title), bool(walk), n, bounces)
            for app, first, first_title, last, last_title, walk, n, bounces in rows
        ]

    def _name(self, app: str, path: str, title: str) -> str:
        templates = self._templates.get(app)
        name = (templates.of(path) if templates else path) or title
        if not name:
            return ""
        return f"{app} · {name}" if self._several else name

    def ranking(self, side: Callable[[_End], str]) -> list[Ranked]:
        sessions, bounces = Counter[str](), Counter[str]()
        for end in self._ends:
            if not side(end):
                continue
            sessions[side(end)] += end.sessions
            bounces[side(end)] += end.bounces
        return [
            Ranked(name, n, bounces[name] / n) for name, n in sorted(sessions.items(), key=lambda kv: (-kv[1], kv[0]))
        ]

    def flows(self) -> list[Flow]:
        flows = Counter[tuple[str, str]]()
        for end in self._ends:
            if end.is_walk and end.entry and end.exit:
                flows[end.entry, end.exit] += end.sessions
        return [Flow(*pair, n) for pair, n in sorted(flows.items(), key=lambda kv: (-kv[1], kv[0]))]


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
