"""docs/reliability.md, from the lines of docs/reliability.jsonl and from nothing else."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.faults.judge import RSS_LIMIT_MIB
from tests.faults.result import INVARIANTS, Result, read
from tests.faults.scene import SOON
from tests.faults.titles import LOUD, TITLES

LINES = Path("docs/reliability.jsonl")
PAGE = Path("docs/reliability.md")
PLAIN = "a plain Faust agent"
"""How the results of the negative control begin."""

TEMPLATE = Path(__file__).with_name("reliability.md")


def page(results: Sequence[Result]) -> str:
    """The text of the page."""
    ours = [result for result in results if not result.how.startswith(PLAIN)]
    plain = [result for result in results if result.how.startswith(PLAIN)]
    invariants = "\n".join(f"* **{name}** {words}" for name, words in INVARIANTS.items())
    return TEMPLATE.read_text(encoding="utf-8").format(
        invariants=invariants,
        limit=RSS_LIMIT_MIB,
        soon=SOON,
        matrix="".join(_row(fault, [result for result in ours if result.fault == fault]) for fault in TITLES),
        control=_control(plain),
        runs="".join(_runs(ours)),
    )


def _row(fault: str, runs: Sequence[Result]) -> str:
    name = f"{fault} {TITLES[fault]}"
    done = [run for run in runs if not run.cannot_run]
    if not done:
        why = f"cannot run here: {runs[0].cannot_run}" if runs else "not run"
        return f"| {name} | | | | | | | | {why} |\n"
    rounds, records, twice, looks, ahead = (
        sum(getattr(run, key) for run in done) for key in ("rounds", "records", "duplicates", "looks", "ahead")
    )
    lost, counted = sum(run.lost for run in done), sum(run.counted_lost for run in done)
    told = f"{lost:,}" + (f" (+ {counted:,} counted)" if counted else "")
    cells = (f"{rounds:,}", f"{records:,}", told, f"{twice:,}", f"{looks:,}", f"{ahead:,}", _back(done), verdict(done))
    return f"| {name} | {' | '.join(cells)} |\n"


def _back(runs: Iterable[Result]) -> str:
    seconds = [each for run in runs for each in run.recoveries]
    return f"{statistics.median(seconds):.1f} / {max(seconds):.1f} s" if seconds else ""


def verdict(runs: Sequence[Result]) -> str:
    """Which invariants were looked at and held in all runs, and which did not."""
    names = [name for name in INVARIANTS if any(name in run.held for run in runs)]
    broken = [name for name in names if not all(run.held.get(name, True) for run in runs)]
    lost = sum(run.lost for run in runs)
    if broken or lost:
        return f"**not held**: {', '.join(broken) or 'lost'}"
    loud = ", loudly" if runs[0].fault in LOUD else ""
    return f"held{loud}: {', '.join(names)}"


def _control(runs: Sequence[Result]) -> str:
    """What the harness says of a worker that must lose."""
    if not runs:
        return ""
    text = (
        "\n## Can it tell?\n\nThe same world and count, with a worker as one first writes it with stock Faust:"
        " `take()`, insert, go on.\n\n| fault | rounds | records | lost | twice |\n|---|--:|--:|--:|--:|\n"
    )
    for run in runs:
        text += f"| {run.fault} | {run.rounds} | {run.records:,} | **{run.lost:,}** | {run.duplicates:,} |\n"
    return text


def _runs(runs: Sequence[Result]) -> Iterator[str]:
    for fault in TITLES:
        for run in [run for run in runs if run.fault == fault]:
            yield f"* **{fault}**, seed {run.seed}, {run.rounds} rounds: {run.how}.{_more(run)}\n"


def _more(run: Result) -> str:
    figures = ", ".join(f"{name} {value:,g}" for name, value in sorted(run.figures.items()))
    ended = ", ".join(f"{code} ({run.exits.count(code)})" for code in sorted(set(run.exits)))
    told = [
        f" {figures}." if figures else "",
        f" Ended by themselves, and were started again: {ended}." if ended else "",
    ]
    return "".join(told) + (f" {run.word}" if run.word else "")


def current(root: Path) -> str:
    """The page as the committed lines make it."""
    return page(list(read(root / LINES)))


if __name__ == "__main__":
    _root = Path(__file__).parents[2]
    (_root / PAGE).write_text(current(_root), encoding="utf-8")
