"""The report's tables: rankings with bars, a time table, retention, funnels, patterns."""

from collections.abc import Callable, Sequence

from models.funnel import duration
from models.funnels import Counted, FunnelResult, StepCount
from models.report.ends import Flow, Ranked
from models.report.facts import Cohort, Period
from models.report.findings import Pattern
from models.report.text import breakable, html, number, percent

ROWS = 10
_WEEKS = 12
_TIME = {"hour": "%a %d %b %H:%M", "day": "%a %d %b %Y", "week": "week of %d %b %Y"}


def ranking(head: str, rows: Sequence[Ranked], *, kind: str = "", most_rows: int = ROWS) -> str:
    """The largest ones with a bar for their share, then the sum of the others."""
    if not rows:
        return empty("Nothing here yet.")
    of = sum(row.sessions for row in rows)
    most = rows[0].sessions
    shown = list(rows[: most_rows if len(rows) > most_rows + 1 else most_rows + 1])
    if rest := rows[len(shown) :]:
        n = sum(row.sessions for row in rest)
        shown.append(Ranked(f"{len(rest):,} others", n, sum(row.bounced * row.sessions for row in rest) / n))
    heads = [head, "Sessions", "Share", "Bounced"]
    lines = [
        _cells(
            f'<td class="name{" rest" if rest and row is shown[-1] else ""}"'
            f' style="--share:{100 * min(row.sessions / most, 1) * (row is not shown[-1] or not rest):.1f}%">'
            f"<span{_kind(kind, row.name)}>{breakable(row.name)}</span></td>",
            number(row.sessions),
            percent(row.sessions / of),
            percent(row.bounced),
        )
        for row in shown
    ]
    return _table(heads, lines, caption=head)


def _kind(kind: str, name: str) -> str:
    """What the page may write better than we can: a country's name."""
    return f' data-{kind}="{name}"' if kind and name.isascii() and name.isalpha() else ""


def periods(rows: Sequence[Period], unit: str) -> str:
    """Every period, the newest first."""
    lines = [
        _cells(f"<td>{html(row.start.strftime(_TIME[unit]))}</td>", number(row.sessions), number(row.visitors))
        for row in reversed(rows)
    ]
    return folded("As a table", _table(["UTC", "Sessions", "Visitors"], lines, caption=f"By {unit}"))


def flows(rows: Sequence[Flow]) -> str:
    """The largest ways from entry to exit."""
    of = sum(row.sessions for row in rows)
    lines = [
        _cells(
            f"<td class=path>{breakable(row.entry)}</td><td class=path>{breakable(row.exit)}</td>",
            number(row.sessions),
            percent(row.sessions / of),
        )
        for row in rows[:20]
    ]
    more = f"<p class=note>The largest 20 of {len(rows):,}.</p>" if len(rows) > 20 else ""
    table = _table(["Landing page", "Drop-off page", "Sessions", "Share"], lines, caption="From entry to exit")
    return folded("As a table", table + more)


def retention(cohorts: Sequence[Cohort]) -> str:
    """A line for each week of first visits; darker is more. The last week may not be over."""
    if len(cohorts) < 2:
        return empty("Retention needs sessions of two weeks or more.")
    shown = cohorts[-_WEEKS:]
    ages = min(max(len(cohort.came) for cohort in shown), _WEEKS)
    most = max([n / c.came[0] for c in shown for n in c.came[1:] if c.came[0]], default=1) or 1
    heads = ["First seen", "Visitors", *(f"+{age} wk" for age in range(1, ages))]
    lines = [_cohort(cohort, ages, most) for cohort in shown]
    return _table(heads, lines, caption="Retention by week", kind="heat")


def _cohort(cohort: Cohort, ages: int, most: float) -> str:
    cells = []
    for age in range(1, ages):
        share = cohort.came[age] / cohort.came[0] if age < len(cohort.came) and cohort.came[0] else None
        style = f' style="--part:{share / most:.2f}"' if share is not None else ""
        cells.append(f"<td class=num{style}>{percent(share) if share is not None else ''}</td>")
    first = cohort.start.strftime("%d %b %Y")
    return f"<tr><td>{first}</td><td class=num>{number(cohort.came[0])}</td>{''.join(cells)}</tr>"


def funnel(result: FunnelResult) -> str:
    """Every step with counts, interval, drop-off and median wait; then the groups."""
    scope = f"{result.funnel.scope.capitalize()}s"
    heads = ["Step", scope, "Of the first", "95 % interval", "Left before", "Median wait"]
    lines = [_step(step) for step in result.total.steps]
    table = _table(heads, lines, caption=result.funnel.name or "Funnel")
    if not result.groups:
        return table
    steps = [f"Step {step.position}" for step in result.total.steps]
    groups = [_group(group) for group in result.groups]
    return table + _table(["Group", *steps, "Of the first"], groups, caption="By group")


def patterns(rows: Sequence[Pattern]) -> str:
    """In the given order, with a bar for the share."""
    most = max(row.share for row in rows)
    heads = ["Pattern", "Sessions", "Visitors", "Share", "Before", "To the end", "Goal"]
    lines = [
        _cells(
            f'<td class=name style="--share:{100 * row.share / most:.1f}%"><span>{breakable(row.name)}</span></td>',
            number(row.sessions),
            number(row.visitors),
            percent(row.share),
            "–" if row.share_before is None else percent(row.share_before),
            "–" if row.conversion is None else percent(row.conversion),
            percent(row.goal_share),
        )
        for row in rows
    ]
    return _table(heads, lines, caption="Patterns")


def _step(step: StepCount) -> str:
    first = step.position == 1
    return _cells(
        f'<td class=name style="--share:{100 * step.conversion:.1f}%"><span>{breakable(step.step)}</span></td>',
        number(step.count),
        percent(step.conversion),
        "–" if first else f"{100 * step.low:.1f} – {percent(step.high)}",
        "–" if first else percent(step.drop_off),
        "–" if step.median_s is None else duration(1_000 * step.median_s),
    )


def _group(group: Counted) -> str:
    last = group.steps[-1]
    return _cells(
        f"<td>{breakable(group.group)}</td>", *(number(step.count) for step in group.steps), percent(last.conversion)
    )


def empty(words: str) -> str:
    """What stands where there is nothing to show."""
    return f"<p class=empty>{html(words)}</p>"


def folded(title: str, body: str) -> str:
    """Closed until it is opened."""
    return f"<details><summary>{html(title)}</summary>{body}</details>"


def _cells(first: str, *numbers: str) -> str:
    return f"<tr>{first}{''.join(f'<td class=num>{html(text)}</td>' for text in numbers)}</tr>"


def _table(heads: Sequence[str], lines: Sequence[str], caption: str, kind: str = "") -> str:
    numeric: Callable[[int], bool] = lambda place: place > 0 and heads[place] != "Drop-off page"  # noqa: E731
    head = "".join(
        f"<th scope=col{' class=num' if numeric(place) else ''}>{html(text)}</th>" for place, text in enumerate(heads)
    )
    return (
        f'<div class=scroll tabindex=0 role=region aria-label="{html(caption)}"><table class="{kind}">'
        f"<caption>{html(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )
