"""Patterns for a person: a table of them on stdout, how sure they are and how they moved."""

from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.table import Table

from streams.cli.screen import cell

if TYPE_CHECKING:
    from models.patterns.assigning import Assignment
    from models.patterns.discovering import Discovered
    from models.patterns.drift import Drift
    from models.patterns.kept import KeptPattern
    from models.patterns.model import PatternModel


def show_patterns(found: "Discovered | None") -> None:
    """Nothing where nothing was looked for."""
    if found is None:
        return
    console = Console()
    table = _table("Patterns: each session has one", "visitors", "share", "before", "to the end", "goal")
    held = [one for one in found.kept.patterns if one.told.sessions]
    for one in held:
        table.add_row(*map(cell, _row(one)))
    console.print(table)
    for one in held:
        console.print(cell(f"· {one.told.name}: {one.description}"))
    console.print(cell(how_sure(found.model)))
    if found.kept.drift:
        console.print(cell(_moved(found.kept.drift)))
    if found.refused:
        Console(stderr=True).print(cell(f"{found.refused}; clusters have new ids"))


def _table(title: str, *heads: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("pattern", overflow="fold")
    for head in ("sessions", *heads):
        table.add_column(head, justify="right")
    return table


def _row(one: "KeptPattern") -> tuple[str, ...]:
    told, before = one.told, one.before
    return (
        told.name,
        f"{told.sessions:,}",
        f"{told.visitors:,}",
        f"{told.share:.1%}",
        f"{before.share:.1%}" if before else "–",
        "–" if told.conversion is None else f"{told.conversion:.1%}",
        f"{one.facets.with_goal / max(told.sessions, 1):.1%}",
    )


def how_sure(model: "PatternModel") -> str:
    """Why so many clusters, or why none."""
    if not model.tried:
        return "Sessions that walk no funnel, or their steps, are too few to look for clusters in: they count as one."
    if model.found is None:
        most = max(model.tried, key=lambda one: one.stability)
        return (
            "Sessions that walk no funnel are one cluster: no number of clusters comes out alike from other samples and"
            f" beyond shuffled data ({most.clusters} came nearest: {most.stability:.2f} of 1)."
        )
    found = model.found
    return (
        f"Sessions that walk no funnel: {found.clusters} clusters come out alike from other samples"
        f" ({found.stability:.2f} of 1; in shuffled data {found.by_chance or 0:.2f})."
    )


def _moved(drift: "Drift") -> str:
    new, gone = (f", {len(ids)} {word}" if ids else "" for ids, word in ((drift.new, "new"), (drift.gone, "gone")))
    return f"Since the run before: {drift.stayed} patterns stayed{new}{gone}; {drift.moved:.1%} of the sessions moved."


def plain_patterns(found: "Discovered | None") -> dict[str, Any]:
    """What --json prints of them."""
    if found is None:
        return {"patterns": [], "clusters": None, "drift": None, "patterns_model_version": None, "refused": ""}
    return {
        "patterns": [
            {
                **msgspec.to_builtins(one.told),
                "description": one.description,
                **msgspec.to_builtins(one.facets),
                "before": msgspec.to_builtins(one.before),
            }
            for one in found.kept.patterns
        ],
        "clusters": {
            "found": msgspec.to_builtins(found.model.found),
            "tried": msgspec.to_builtins(found.model.tried),
            "in_words": how_sure(found.model),
        },
        "drift": msgspec.to_builtins(found.kept.drift),
        "patterns_model_version": found.kept.model_version,
        "refused": found.refused,
    }


def show_assignment(assignment: "Assignment") -> None:
    """Sizes beside those the model was learned with."""
    console = Console()
    table = _table(f"{assignment.sessions:,} sessions by model {assignment.model_version}", "share", "learned")
    for size in assignment.sizes:
        learned = size.learned
        name, share = (learned.name, f"{learned.share:.1%}") if learned else (str(size.id), "–")
        table.add_row(*map(cell, (name, f"{size.sessions:,}", f"{size.share:.1%}", share)))
    console.print(table)
    console.print(cell(f"{assignment.drift.moved:.1%} of the sessions moved against what the model was learned with."))


def plain_assignment(assignment: "Assignment") -> dict[str, Any]:
    """What --json prints of it."""
    told: dict[str, Any] = msgspec.to_builtins(assignment)
    return told
