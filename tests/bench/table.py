"""The bench's figures as rows of bench.json, and as a table with their ratios to the bare loops."""

from collections.abc import Mapping, Sequence
from statistics import median

import msgspec
from rich.table import Table

from tests.bench.figures import Figure
from tests.bench.peers import Cost

BARE = {
    "sessions": "bare_sessions",
    "bare_sessions": "bare_sessions",
    **dict.fromkeys(("rules_none", "rules_default", "rules_200"), "rules_none"),
}
"""Step → the bare loop it is held against; else ``bare``."""


class Row(msgspec.Struct, frozen=True):
    """The medians of one step's runs."""

    name: str
    events: int
    events_per_s: float
    cpu_us_per_event: float


def rows_of(costs: Mapping[str, Sequence[Cost]]) -> list[Row]:
    """One row per step, in their order. Speed and CPU are medians, each by itself."""
    return [
        Row(
            name=name,
            events=round(median(cost.events for cost in runs)),
            events_per_s=round(median(cost.events_per_s for cost in runs), 1),
            cpu_us_per_event=round(median(cost.cpu_us_per_event for cost in runs), 2),
        )
        for name, runs in costs.items()
    ]


def table_of(rows: Sequence[Row]) -> Table:
    """The rows with two ratios to their bare loop: of speed (1 and above: as fast) and of CPU per event."""
    by_name = {row.name: row for row in rows}
    table = Table("name", "events", "events/s", "CPU us/event", "speed / bare", "CPU / bare")
    for row in rows:
        bare = by_name[BARE.get(row.name, "bare")]
        speed, cpu = row.events_per_s / bare.events_per_s, row.cpu_us_per_event / bare.cpu_us_per_event
        texts = (row.name, row.events, row.events_per_s, row.cpu_us_per_event, f"{speed:.2f}", f"{cpu:.2f}")
        table.add_row(*map(str, texts))
    return table


def figures_table(figures: Sequence[Figure]) -> Table:
    """Each with what it was measured over."""
    table = Table("figure", "over", "value", "unit")
    for each in figures:
        table.add_row(each.name, str(each.n), str(each.value), each.unit)
    return table
