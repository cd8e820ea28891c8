"""The report's charts, as plotly figures. Colours are names of CSS variables, which the page fills in by its scheme."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from models.funnels import Counted, FunnelResult, StepCount
from models.report.ends import Flow
from models.report.facts import Period
from models.report.text import plain, shortened

Figure = dict[str, Any]
"""``data``, ``layout`` and ``height`` (pixels)."""
OTHER = "other"
_WAYS = 7
"""Entries, and exits, that a flow chart shows one by one."""
COLOURS = [f"var(--c{number})" for number in range(1, 7)]


def over_time(periods: Sequence[Period], unit: str) -> Figure:
    """Sessions and visitors by period; bars where there are too few periods for a line."""
    starts = [period.start.strftime("%Y-%m-%d %H:%M") for period in periods]
    series = {"Sessions": [p.sessions for p in periods], "Visitors": [p.visitors for p in periods]}
    is_line = len(periods) > 3
    form: dict[str, Any] = {"type": "scatter", "mode": "lines"} if is_line else {"type": "bar"}
    data = [
        {
            **form,
            "name": name,
            "x": starts,
            "y": values,
            "marker": {"color": colour},
            "line": {"color": colour, "width": 2},
            "hovertemplate": "%{y:,}",
        }
        for (name, values), colour in zip(series.items(), COLOURS, strict=False)
    ]
    layout = {
        "hovermode": "x unified",
        "xaxis": {
            "type": "date" if len(periods) > 3 else "category",
            "showgrid": False,
            "nticks": 6,
            "ticks": "outside",
        },
        "yaxis": {"rangemode": "tozero", "tickformat": ",d", "nticks": 5},
        "legend": {"orientation": "h", "x": 0, "y": 1.12},
        "margin": {"l": 48, "r": 16, "t": 28, "b": 40},
        "bargap": 0.4,
        "title": {"text": ""},
    }
    return {"data": data, "layout": layout, "height": 280, "label": f"Sessions and visitors by {unit}"}


def flow_chart(flows: Sequence[Flow]) -> Figure:
    """Landing pages to the left, drop-off pages to the right; what is rare is one of ``other``."""
    entries, exits = _most([(f.entry, f.sessions) for f in flows]), _most([(f.exit, f.sessions) for f in flows])
    sums = Counter[tuple[str, str]]()
    for flow in flows:
        entry, exit_ = flow.entry if flow.entry in entries else OTHER, flow.exit if flow.exit in exits else OTHER
        sums[entry, exit_] += flow.sessions
    left = [*entries, *([OTHER] if any(entry == OTHER for entry, _ in sums) else [])]
    right = [*exits, *([OTHER] if any(exit_ == OTHER for _, exit_ in sums) else [])]
    names = [*left, *right]
    links = sorted(sums.items(), key=lambda kv: -kv[1])
    data = {
        "type": "sankey",
        "arrangement": "snap",
        "node": {
            "label": [plain(shortened(name, 34)) for name in names],
            "customdata": [plain(name) for name in names],
            "short": [plain(shortened(name, 17)) for name in names],
            "color": [
                COLOURS[index % len(COLOURS)] if index < len(left) else "var(--node)" for index in range(len(names))
            ],
            "pad": 14,
            "thickness": 12,
            "line": {"width": 0},
            "hovertemplate": "%{customdata}: %{value:,} sessions<extra></extra>",
        },
        "link": {
            "source": [left.index(entry) for (entry, _), _n in links],
            "target": [len(left) + right.index(exit_) for (_, exit_), _n in links],
            "value": [n for _, n in links],
            "color": [COLOURS[left.index(entry) % len(COLOURS)].replace("var", "fade") for (entry, _), _n in links],
            "hovertemplate": "%{source.customdata} → %{target.customdata}: %{value:,} sessions<extra></extra>",
        },
        "textfont": {"color": "var(--text)", "size": 12, "shadow": "none"},
    }
    height = 90 + 44 * max(len(left), len(right))
    layout = {"margin": {"l": 4, "r": 4, "t": 8, "b": 8}}
    return {"data": [data], "layout": layout, "height": height, "label": "From landing page to drop-off page"}


def _most(counted: Sequence[tuple[str, int]]) -> list[str]:
    sums = Counter[str]()
    for name, n in counted:
        sums[name] += n
    ranked = sorted(sums.items(), key=lambda kv: (-kv[1], kv[0]))
    return [name for name, _ in (ranked if len(ranked) <= _WAYS + 1 else ranked[:_WAYS])]


def funnel_chart(result: FunnelResult) -> Figure:
    """Conversion by step with its interval; a bar for each of the largest groups where there are groups."""
    groups = result.groups[: len(COLOURS)] or [result.total]
    labels = [plain(f"{step.position}  {shortened(_short(step.step), 24)}") for step in result.total.steps]
    data = [_bars(group, labels, colour) for group, colour in zip(groups, COLOURS, strict=False)]
    layout = {
        "barmode": "group",
        "bargap": 0.3,
        "showlegend": bool(result.groups),
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "xaxis": {"tickformat": ".0%", "range": [0, 1], "tickvals": [0, 0.5, 1], "tickangle": 0},
        "yaxis": {"autorange": "reversed", "automargin": True, "showgrid": False},
        "margin": {"l": 8, "r": 16 if result.groups else 72, "t": 28 if result.groups else 8, "b": 28},
        "annotations": [] if result.groups else [_count_at(*at) for at in zip(result.total.steps, labels, strict=True)],
    }
    height = 64 + len(labels) * max(44, 20 * len(groups)) + (28 if result.groups else 0)
    return {"data": data, "layout": layout, "height": height, "label": f"Funnel {result.funnel.name}"}


def _count_at(step: StepCount, label: str) -> dict[str, Any]:
    """The count, right of the bar and its interval."""
    place = {"x": max(step.high, step.conversion), "y": label, "xanchor": "left", "xshift": 6}
    return {**place, "text": f"{step.count:,}", "showarrow": False}


def _short(step: str) -> str:
    return step.removeprefix("page:").removeprefix("event:")


def _bars(group: Counted, labels: list[str], colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": plain(group.group or "all"),
        "y": labels,
        "x": [step.conversion for step in group.steps],
        "customdata": [f"{step.count:,}" for step in group.steps],
        "marker": {"color": colour},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [max(step.high - step.conversion, 0.0) for step in group.steps],
            "arrayminus": [max(step.conversion - step.low, 0.0) for step in group.steps],
            "color": "var(--muted)",
            "thickness": 1.2,
            "width": 3,
        },
        "hovertemplate": "%{y}: %{x:.1%} (%{customdata})<extra>%{fullData.name}</extra>",
    }
