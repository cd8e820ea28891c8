"""A funnel as the ClickHouse statement that gives the same counts."""

import re
from collections.abc import Sequence

from models.funnel import Funnel, Order, Scope
from models.funnels import FunnelData
from models.matching import match_steps, regex_of
from models.selection import Selection, milliseconds

_UNIT = {Scope.SESSION: "session_id", Scope.VISITOR: "app_id, visitor_id"}
_MODE = {Order.LOOSE: "", Order.STRICT: ", 'strict_order'"}


def sql_of(funnel: Funnel, data: FunnelData, selection: Selection) -> str:
    """One row, columns ``step_1`` … ``step_K``: how many units take each step. Exact for the sessions of ``data``."""
    raw = [step for _, step in data.raw.vocabulary]
    conditions = ",\n        ".join(
        _condition(step, sorted({r for r, m in zip(raw, match_steps(step, raw, data.steps), strict=True) if m}), raw)
        for step in funnel.steps
    )
    sums = ", ".join(f"countIf(level >= {k}) AS step_{k}" for k in range(1, len(funnel.steps) + 1))
    return f"""SELECT {sums}
FROM
(
    SELECT windowFunnel({funnel.within_ms}{_MODE[funnel.order]})(
        toUInt64(toUnixTimestamp64Milli(start_tstamp)) + step_offset_ms,
        {conditions}
    ) AS level
    FROM sessions_v
    ARRAY JOIN steps AS step, step_offsets_ms AS step_offset_ms
    WHERE {_where(selection)}
    GROUP BY {_UNIT[funnel.scope]}
)"""  # noqa: S608 - every value in it is quoted


def _condition(wanted: str, meant: Sequence[str], raw: Sequence[str]) -> str:
    """By a pattern where one says it shortly: what else it would take is named."""
    if len(meant) <= 1:
        return f"step = {quoted(meant[0] if meant else wanted)}"
    pattern = re.compile(regex_of(wanted))
    others = sorted({step for step in raw if pattern.fullmatch(step)} - set(meant))
    if len(others) < len(meant) and all(pattern.fullmatch(step) for step in meant):
        condition = f"match(step, {quoted(f'^{regex_of(wanted)}$')})"
        return condition + (f" AND step NOT IN ({', '.join(map(quoted, others))})" if others else "")
    return f"step IN ({', '.join(map(quoted, meant))})"


def _where(selection: Selection) -> str:
    condition = selection.condition()
    values = {"app": quoted(selection.app or "")}
    for name, time in (("since", selection.since), ("until", selection.until)):
        values[name] = str(milliseconds(time)) if time else ""
    return condition % values


def quoted(text: str) -> str:
    """A ClickHouse string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
