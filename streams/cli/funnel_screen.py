"""A counted funnel for a person: tables on stdout, what to know about the counts on stderr."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.funnel import duration
from streams.cli.screen import cell

if TYPE_CHECKING:
    from models.funnels import Counted, FunnelResult, StepCount


def show(result: "FunnelResult") -> None:
    """The whole funnel, then its groups."""
    console = Console()
    console.print(_steps(result))
    if result.groups:
        console.print(_groups(result))


def explain(result: "FunnelResult") -> None:
    """Whom the counts leave out, and steps that nothing means."""
    console = Console(stderr=True, highlight=False)
    left_out = result.left_out
    if left_out.bots:
        console.print(f"left out: {left_out.bots:,} sessions of bots (--bots counts them)")
    if left_out.capped:
        console.print(f"left out: {left_out.capped:,} sessions over the step cap, whose ends are not known")
    for step, alike in result.unknown.items():
        hint = f": did you mean {', '.join(alike)}?" if alike else ""
        console.print(Text(f"no session has the step {step}{hint}"))


def _steps(result: "FunnelResult") -> Table:
    funnel, total = result.funnel, result.total
    within = duration(funnel.within_ms)
    title = f"{funnel.name or 'Funnel'}: {total.of:,} {funnel.scope}s, {funnel.order}, within {within}"
    table = Table(title=cell(title), title_justify="left")
    table.add_column("", justify="right")
    table.add_column("step", overflow="fold")
    for head in (f"{funnel.scope}s", "of first", "95 %", "left", "wait"):
        table.add_column(head, justify="right", no_wrap=True)
    for step in total.steps:
        table.add_row(*_row(step))
    return table


def _row(step: "StepCount") -> list[Text]:
    is_first = step.position == 1
    wait = "–" if step.median_s is None else duration(step.median_s * 1_000)
    return [
        cell(text)
        for text in (
            step.position,
            step.step,
            f"{step.count:,}",
            f"{step.conversion:.1%}",
            "–" if is_first else f"{100 * step.low:.1f}–{100 * step.high:.1f}",
            "–" if is_first else f"{step.drop_off:.1%}",
            wait,
        )
    ]


def _groups(result: "FunnelResult") -> Table:
    table = Table(title="By group: at each step, and of the first", title_justify="left")
    table.add_column("group", overflow="fold")
    for step in result.total.steps:
        table.add_column(cell(step.step), justify="right", overflow="fold")
    table.add_column("last, 95 %", justify="right")
    for group in result.groups:
        table.add_row(*_group(group))
    return table


def _group(group: "Counted") -> list[Text]:
    last = group.steps[-1]
    counts = [f"{step.count:,}\n{step.conversion:.1%}" for step in group.steps]
    return [cell(text) for text in (group.group, *counts, f"{100 * last.low:.1f}–{last.high:.1%}")]
