"""What discovery found, for a person: funnels on stdout, what was looked at and how sure it is on stderr."""

from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.funnel import duration
from streams.cli.screen import cell

if TYPE_CHECKING:
    from models.discovery.discover import Discovery
    from models.discovery.kept import Kept
    from models.discovery.told import Told


def explain(discovery: "Discovery") -> None:
    """What was read, or why nothing was looked for."""
    console = Console(stderr=True, highlight=False)
    read = f"{discovery.sessions:,} sessions of {discovery.visitors:,} visitors"
    if discovery.too_few:
        console.print(Text(f"too little to look for funnels in {read}: {discovery.too_few}"))
        return
    first, second = discovery.used
    console.print(
        f"{read}; {first:,} sessions to find in, {second:,} of other visitors to confirm on; {discovery.steps:,} steps,"
        f" {discovery.seeds:,} pairs passed, {discovery.candidates:,} chains, {len(discovery.findings):,} confirmed"
    )
    console.print(f"a funnel that fewer than {discovery.least:,} sessions of the first half walk cannot be found")


def show(discovery: "Discovery", told: list["Told"]) -> None:
    """A table for each, those that navigation explains last."""
    console = Console()
    if discovery.too_few:
        console.print("Nothing was looked for: too little data.")
    elif not told:
        console.print("No funnel: no ordered steps that people walk beyond what chance gives.")
    for number, one in enumerate(told, 1):
        console.print(_table(number, one))


def _table(number: int, one: "Told") -> Table:
    finding, total = one.finding, one.result.total
    sure = (
        f"{total.steps[0].count:,} sessions of {one.visitors:,} visitors, {total.steps[-1].conversion:.1%} to the end;"
        f" lift {finding.lift:.1f} on visitors it was not found on ({finding.found_lift:.1f} on the others),"
        f" q {finding.q_value:.0e}" + (f"; {one.label}" if one.label else "")
    )
    table = Table(title=cell(f"{number}. {one.funnel.name}"), caption=cell(sure), title_justify="left")
    table.caption_justify = "left"
    for head in ("step", "sessions", "of first", "left", "wait"):
        table.add_column(head, justify="left" if head == "step" else "right", overflow="fold")
    for step in total.steps:
        wait = "–" if step.median_s is None else duration(step.median_s * 1_000)
        left = "–" if step.position == 1 else f"{step.drop_off:.1%}"
        table.add_row(*map(cell, (step.step, f"{step.count:,}", f"{step.conversion:.1%}", left, wait)))
    return table


def plain(discovery: "Discovery", told: list["Told"], kept: "Kept | None") -> dict[str, Any]:
    """What --json prints."""
    read: dict[str, Any] = msgspec.to_builtins(discovery)
    ids: list[str | None] = [str(id_) for id_ in kept.ids] if kept else [None] * len(told)
    read["findings"] = [_plain(id_, one) for id_, one in zip(ids, told, strict=True)]
    stayed, gone = (kept.stayed, kept.gone) if kept else (0, [])
    return read | {"ids_that_stayed": stayed, "ids_that_went": [str(id_) for id_ in gone]}


def _plain(id_: str | None, one: "Told") -> dict[str, Any]:
    finding: dict[str, Any] = msgspec.to_builtins(one.finding)
    return {
        "funnel_id": id_,
        "name": one.funnel.name,
        **finding,
        "label": one.label,
        "visitors": one.visitors,
        "within_s": one.funnel.within_ms / 1_000,
        "steps": msgspec.to_builtins(one.result.total.steps),
        "sql": one.sql,
    }
