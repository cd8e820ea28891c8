"""Counted funnels as sections of the report, and as a page of their own."""

from collections.abc import Sequence

from models.funnel import duration
from models.funnels import FunnelResult
from models.report import charts, tables
from models.report.findings import Evidence
from models.report.page import Section, chart, page
from models.report.text import html


def funnel_page(results: Sequence[FunnelResult]) -> str:
    """One HTML file: a chart and a table for each funnel."""
    title = results[0].funnel.name or "Funnel" if len(results) == 1 else f"{len(results)} funnels"
    return page(
        title, left_out(results[0]), "", [funnel_section(result, place) for place, result in enumerate(results)]
    )


def funnel_section(result: FunnelResult, place: int) -> Section:
    """A funnel with what it counts, its chart, and its table."""
    return Section(
        id=f"funnel-{place + 1}",
        title=result.funnel.name or f"Funnel {place + 1}",
        note=note(result),
        body=body(result),
    )


def body(result: FunnelResult) -> str:
    """Chart and table."""
    warnings = "".join(tables.empty(f"No session has the step {step}.") for step in result.unknown)
    if not result.total.steps[0].count:
        return warnings or tables.empty("Nobody took the first step.")
    return warnings + chart(charts.funnel_chart(result)) + tables.funnel(result)


def note(result: FunnelResult) -> str:
    """What counts as walking it."""
    funnel, between = result.funnel, "anything may come between two steps"
    if funnel.order == "strict":
        between = "nothing may come between two steps"
    return f"{result.total.of:,} {funnel.scope}s; within {duration(funnel.within_ms)}; {between}."


def sureness(evidence: Evidence) -> str:
    """Why a funnel that nobody drew stands here."""
    return (
        f" Found, not drawn: {evidence.lift:.1f} times as often as chance on visitors it was not found on,"
        f" q {evidence.q_value:.0e}."
    )


def left_out(result: FunnelResult) -> str:
    """In words."""
    parts = [
        f"{n:,} {words}"
        for n, words in ((result.left_out.bots, "of bots"), (result.left_out.capped, "over the step cap"))
        if n
    ]
    return f"Sessions left out: {', '.join(parts)}." if parts else "All sessions of people."


def missing(store: str) -> str:
    """What stands where no funnel was drawn."""
    command = f'thalweg funnel --store {store} --steps "page:/" "page:/product/:id" --name first --record'
    return (
        tables.empty("No funnel was drawn yet. Draw one, and it stands here:")
        + f"<pre><code>{html(command)}</code></pre>"
    )
