"""Sessions as SQL finds them in ``events_v``, by gaps and islands: the judge of the fold. No code of ``streams`` in it.

Rules: design.md §6, rules 2 and 8. The app's goals are those of ``GOALS``.
"""

from collections.abc import Sequence

NOBODY = "toUUID('00000000-0000-0000-0000-000000000000')"
ON_TIME = "is_late = 0"
GOALS = [
    {"name": "order", "event": "Order Completed", "value": "total"},
    {"name": "product", "page": "/product/*"},
]
"""As thalweg.yaml has them, and as SQL: ``_ORDER`` and ``_PRODUCT``."""
_ORDER = "event_name = 'Order Completed'"
_PRODUCT = "event = 'page_view' AND page_urlpath LIKE '/product/%'"
MAX_STEPS = 500

_OF_VIEW = (
    "page_referrer refr_medium refr_source refr_term mkt_medium mkt_source mkt_term mkt_content mkt_campaign"
    " mkt_network default_channel_group"
).split()
_OF_FIRST = "geo_country geo_region geo_city br_family os_family dvce_type is_bot".split()
_PAGE = "url urlhost urlpath title".split()


def in_islands(database: str, condition: str, gap_ms: int, longest_ms: int, *, at_least: bool = False) -> str:
    """A query: the events that meet ``condition``, each with ``t`` (ms), ``island`` and ``part``.

    An island ends where more than ``gap_ms`` pass without an event (``at_least``: that long or more), and falls into
    parts: a new one begins with the first event later than ``longest_ms`` after the part's first.
    """
    beyond = ">=" if at_least else ">"
    order = "PARTITION BY app_id, visitor_id ORDER BY t, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    return f"""
    WITH
        timed AS
        (
            SELECT *, toUnixTimestamp64Milli(derived_tstamp) AS t, toString(event_id) AS id
            FROM {database}.events_v
            WHERE {condition} AND visitor_id != {NOBODY}
        ),
        parted AS
        (
            SELECT *, row_number() OVER w = 1 OR t - lagInFrame(t) OVER w {beyond} {gap_ms} AS is_first
            FROM timed WINDOW w AS ({order})
        ),
        numbered AS (SELECT *, sum(is_first) OVER w AS island FROM parted WINDOW w AS ({order})),
        cut AS
        (
            SELECT app_id, visitor_id, island, arrayFold(
                (starts, t) -> if(t - starts[-1] > {longest_ms}, arrayPushBack(starts, t), starts),
                arraySort(groupArray(t)), [min(t)]) AS starts
            FROM numbered GROUP BY app_id, visitor_id, island
        )
    SELECT e.*, arrayCount(start -> start <= e.t, c.starts) AS part
    FROM numbered AS e JOIN cut AS c
    ON e.app_id = c.app_id AND e.visitor_id = c.visitor_id AND e.island = c.island"""


def sessions_of(islands: str, columns: Sequence[str]) -> str:
    """A query: one row per part of an island, with the columns of table ``sessions`` that are named.

    ``session_id`` is that of its events in ``events_v``, and a zero UUID where they do not agree.
    """
    return f"""
    SELECT {", ".join(columns)}
    FROM
    (
        SELECT *, row_number() OVER (PARTITION BY app_id, visitor_id ORDER BY start_tstamp) AS session_index,
            session_index = 1 AS is_new_visitor
        FROM (SELECT {", ".join(_columns())} FROM ({islands}) GROUP BY app_id, visitor_id, island, part)
    )
    SETTINGS prefer_column_name_to_alias = 1"""


def _columns() -> list[str]:
    """SQL of every column that the events of one session tell."""
    views = "event IN ('page_view', 'screen_view')"
    name = "if(event_name = '', event, event_name)"
    step = f"if(event = 'page_view', concat('page:', page_urlpath), concat('event:', {name}))"
    found = {
        "session_id": f"if(uniqExact(session_id) = 1, any(session_id), {NOBODY})",
        "app_id": "app_id",
        "visitor_id": "visitor_id",
        "user_id": "argMaxIf(user_id, (t, id), user_id != '')",
        "start_tstamp": "min(derived_tstamp)",
        "end_tstamp": "max(derived_tstamp)",
        "absolute_time_in_s": "intDiv(max(t) - min(t), 1000)",
        "engaged_time_in_s": "0",
        "views": f"countIf({views})",
        "total_events": "count()",
        "is_bounce": f"countIf({views}) < 2 AND countIf({_ORDER} OR {_PRODUCT}) = 0",
        "goals": f"arrayDistinct(arrayFlatten(arraySort(groupArray((t, id, {_reached()}))).3))",
        "goal_value": f"round(sumIf(toFloat64OrZero(properties['total']), {_ORDER}), 3)",
        "step_times": f"arraySlice(arraySort(groupArray((t, id, {step}))), 1, {MAX_STEPS})",
        "steps": "step_times.3",
        "step_offsets_ms": "arrayMap(at -> at - min(t), step_times.1)",
        "is_capped": f"count() > {MAX_STEPS}",
        "is_final": "1",
    }
    for page in _PAGE:
        found[f"first_page_{page}"] = f"argMinIf(page_{page}, (t, id), {views})"
        found[f"last_page_{page}"] = f"argMaxIf(page_{page}, (t, id), {views})"
    found |= {name: f"argMinIf({name}, (t, id), {views})" for name in _OF_VIEW}
    found |= {name: f"argMin({name}, (t, id))" for name in _OF_FIRST}
    return [f"{sql} AS {name}" for name, sql in found.items()]


def _reached() -> str:
    """The goals one event reaches, in the order of the settings."""
    return f"arrayFilter(goal -> goal != '', [if({_ORDER}, 'order', ''), if({_PRODUCT}, 'product', '')])"
