"""Drawn funnels over a store: per step how many arrive, how sure that is, and how long it takes."""

from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import msgspec
import numpy as np
from clickhouse_driver import Client
from numpy.typing import NDArray

from models.funnel import Funnel, Order, Scope
from models.matching import closest, match_steps
from models.paths import learn_templates, steps_of
from models.reading import LeftOut, RawSteps, read_left_out, read_steps
from models.selection import Selection
from models.templates import Templates
from models.walks import Timeline, Walks, walk
from streams.errors import ConfigError

_Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""


class StepCount(msgspec.Struct, frozen=True, kw_only=True):
    """One step. Shares are between 0 and 1; ``low`` and ``high`` are the 95 % Wilson interval of ``conversion``."""

    position: int
    step: str
    count: int
    conversion: float
    """Of those who took the first step."""
    low: float
    high: float
    drop_off: float
    """Of those who took the step before, how many did not take this one."""
    median_s: float | None = None
    """Seconds from the step before to the first arrival here; None at the first step and where nobody arrived."""
    median_from_start_s: float | None = None


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A funnel over one group of units (``group`` is "" for all of them); ``of``: how many units there are."""

    group: str
    of: int
    steps: list[StepCount]


class FunnelResult(msgspec.Struct, frozen=True, kw_only=True):
    """A funnel counted. ``unknown``: steps that nothing in the selection means, with steps that look alike."""

    funnel: Funnel
    total: Counted
    groups: list[Counted]
    left_out: LeftOut
    unknown: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class FunnelData:
    """Sessions read once for any number of funnels. ``steps``: the raw vocabulary with ``templates``, by app."""

    raw: RawSteps
    templates: dict[str, Templates]
    steps: list[str]
    left_out: LeftOut


def read_funnel_data(client: Client, database: str, selection: Selection, by: str | None = None) -> FunnelData:
    """``by``: a column of ``sessions_v`` whose values make groups (of a visitor: the first session's)."""
    raw = read_steps(client, database, selection, by)
    templates = learn_templates(raw)
    return FunnelData(raw, templates, steps_of(raw, templates), read_left_out(client, database, selection))


def count_funnel(data: FunnelData, funnel: Funnel) -> FunnelResult:
    """Count ``funnel``. Groups, largest first, where the data was read by a column.

    Raises ConfigError where one event would count as two steps, which windowFunnel cannot tell apart.
    """
    raw = data.raw
    raw_steps = [step for _, step in raw.vocabulary]
    matches = [match_steps(step, raw_steps, data.steps) for step in funnel.steps]
    _check_apart(funnel, matches)
    walks = walk(_timeline(raw, funnel.scope), matches, funnel.within_ms, funnel.order)
    values = raw.values
    if funnel.scope is Scope.VISITOR:
        values = values[np.unique(raw.visitors, return_index=True)[1]]
    return FunnelResult(
        funnel=funnel,
        total=_counted("", funnel, walks, np.ones(len(values), dtype=np.bool_)),
        groups=_groups(raw, funnel, walks, values),
        left_out=data.left_out,
        unknown={s: closest(s, data.steps) for s, m in zip(funnel.steps, matches, strict=True) if not m.any()},
    )


def _timeline(raw: RawSteps, scope: Scope) -> Timeline:
    sessions = np.repeat(np.arange(len(raw.started_ms)), np.diff(raw.starts))
    times = raw.started_ms[sessions] + raw.offsets_ms
    if scope is Scope.VISITOR:
        return Timeline(raw.visitors[sessions], times, raw.codes, len(raw.visitor_ids))
    return Timeline(sessions, times, raw.codes, len(raw.started_ms))


def _check_apart(funnel: Funnel, matches: list[NDArray[np.bool_]]) -> None:
    """One event for two steps in a row, or in strict order for any two, makes windowFunnel's counts meaningless."""
    for first, second in combinations(range(len(matches)), 2):
        is_near = second == first + 1 or funnel.order is Order.STRICT
        if is_near and (matches[first] & matches[second]).any():
            raise ConfigError(
                f"steps {first + 1} and {second + 1} ({funnel.steps[first]}, {funnel.steps[second]}) share events:"
                " one event would count as both",
                "name steps that differ" + (", or use --order loose" if second > first + 1 else ""),
            )


def _groups(raw: RawSteps, funnel: Funnel, walks: Walks, values: NDArray[np.int32]) -> list[Counted]:
    if raw.value_names == [""]:
        return []
    groups = [_counted(name or "(none)", funnel, walks, values == code) for code, name in enumerate(raw.value_names)]
    return sorted((group for group in groups if group.of), key=lambda group: (-group.of, group.group))


def _counted(group: str, funnel: Funnel, walks: Walks, members: NDArray[np.bool_]) -> Counted:
    counts = [int(((walks.levels >= place) & members).sum()) for place in range(1, len(funnel.steps) + 1)]
    steps = []
    for place, (step, count) in enumerate(zip(funnel.steps, counts, strict=True)):
        low, high = wilson(count, counts[0]) if place else (1.0, 1.0)
        here = members[walks.levels > place]
        steps.append(
            StepCount(
                position=place + 1,
                step=step,
                count=count,
                conversion=_share(count, counts[0]) if place else 1.0,
                low=low,
                high=high,
                drop_off=1.0 - _share(count, counts[place - 1]) if place and counts[place - 1] else 0.0,
                median_s=_median_s(walks.since_last_ms[place], here),
                median_from_start_s=_median_s(walks.since_first_ms[place], here),
            )
        )
    return Counted(group=group, of=int(members.sum()), steps=steps)


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share; (0, 1) where nothing was counted.

    Source: E. B. Wilson, Probable inference, JASA 22 (1927). scipy.stats has it, but takes half a second to import.
    """
    if not of:
        return 0.0, 1.0
    centre = (count + _Z**2 / 2) / (of + _Z**2)
    half = _Z / (of + _Z**2) * sqrt(count * (of - count) / of + _Z**2 / 4)
    return max(0.0, centre - half), min(1.0, centre + half)


def _share(count: int, of: int) -> float:
    return count / of if of else 0.0


def _median_s(times_ms: NDArray[np.int64], here: NDArray[np.bool_]) -> float | None:
    chosen = times_ms[here] if len(times_ms) else times_ms
    return float(np.median(chosen)) / 1_000 if len(chosen) else None
