"""`thalweg discover`: the funnels people really walk, that nobody drew, and the behaviours they belong to."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from models.funnel_file import write_funnels
from models.selection import Selection
from streams.cli.discover_screen import explain, plain, show
from streams.cli.extra import needs_models
from streams.cli.findings_store import FindingsStore, open_findings
from streams.cli.patterns_screen import plain_assignment, plain_patterns, show_assignment, show_patterns
from streams.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from models.discovery.discover import Discovery
    from models.discovery.kept import Kept
    from models.discovery.told import Told
    from models.funnels import FunnelData
    from models.paths import Paths
    from models.patterns.assigning import Assignment
    from models.patterns.discovering import Discovered
    from models.patterns.model import Funnel


class _Question(msgspec.Struct, frozen=True):
    selection: Selection
    goal: str | None
    seed: int


class _Answer(msgspec.Struct, frozen=True):
    """kept, patterns: None where there was too little to look at, or for a goal."""

    discovery: "Discovery"
    told: "list[Told]"
    kept: "Kept | None" = None
    patterns: "Discovered | None" = None


def discover(  # noqa: PLR0913 - one option each
    store: Annotated[str, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database")],
    app_id: Annotated[str | None, typer.Option("--app", help="The app; without it all of them.")] = None,
    since: Annotated[datetime | None, typer.Option("--since", help="Sessions that start from then on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="… and before then (UTC).")] = None,
    goal: Annotated[str | None, typer.Option("--goal", help='What leads there: "event:Name" or "page:/path".')] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Which visitors make which half; 0.")] = None,
    assign: Annotated[bool, typer.Option("--assign", help="Learn nothing: patterns by the saved model.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    save: Annotated[Path | None, typer.Option("--save", help="Funnels as YAML for `thalweg funnel --file`.")] = None,
) -> None:
    """Find ordered steps that people walk beyond chance, and behaviours; keep them in funnels and patterns."""
    if goal is not None and not goal.startswith(("page:", "event:")):
        raise ConfigError(f"--goal: {goal!r} is no step", "write page:/path/:id for pages and event:Name for events")
    if assign and (goal or save):
        raise ConfigError("--assign finds no funnels", "leave out --goal and --save, or --assign")
    if assign and seed is not None:
        raise ConfigError("--assign learns nothing, so that a seed changes nothing", "leave out --seed, or --assign")
    question = _Question(Selection(app=app_id, since=since, until=until), goal, seed or 0)
    if assign:
        _tell_assignment(_assign(store, question.selection), json=json)
        return
    with needs_models("discover"):
        answer = _discover(store, question)
    explain(answer.discovery)
    if json:
        told = plain(answer.discovery, answer.told, answer.kept)
        typer.echo(msgspec.json.encode(told | plain_patterns(answer.patterns)).decode())
    else:
        show(answer.discovery, answer.told)
        show_patterns(answer.patterns)
    if save and answer.told:
        write_funnels(save, [one.funnel for one in answer.told])


def _tell_assignment(assignment: "Assignment", *, json: bool) -> None:
    if json:
        typer.echo(msgspec.json.encode(plain_assignment(assignment)).decode())
    else:
        show_assignment(assignment)


def _assign(store: str, selection: Selection) -> "Assignment":
    with needs_models("discover"):
        from models.patterns.assigning import assign_sessions  # noqa: PLC0415 - needs the extra `models`
        from models.patterns.saved import load_model  # noqa: PLC0415 - the same

    with open_findings(store) as opened, opened.alone(selection.app or ""):
        saved = load_model(opened.client, opened.database, selection.app or "")
        if saved is None:
            of = f"app {selection.app!r}" if selection.app else "all apps together"
            raise StoreError(f"there is no saved model of patterns for {of}", "run `thalweg discover` without --assign")
        opened.report("assigning sessions", 0, 0)
        return assign_sessions(opened.client, opened.database, saved, selection)


def _discover(store: str, question: _Question) -> _Answer:
    from models.discovery.discover import discover as find  # noqa: PLC0415 - needs the extra `models`
    from models.discovery.limits import DEFAULT_LIMITS  # noqa: PLC0415 - the same
    from models.discovery.told import tell  # noqa: PLC0415 - the same
    from models.funnels import read_funnel_data  # noqa: PLC0415 - the same
    from models.paths import make_paths  # noqa: PLC0415 - the same

    with open_findings(store) as opened:
        opened.report("reading sessions", 0, 0)
        data = read_funnel_data(opened.client, opened.database, question.selection)
        paths = make_paths(data.raw, data.steps)
        discovery = find(paths, DEFAULT_LIMITS, question.seed, question.goal, opened.report)
        told = tell(discovery, data, question.selection)
        return _keep(opened, data, paths, _Answer(discovery, told), question)


def _keep(opened: FindingsStore, data: "FunnelData", paths: "Paths", answer: _Answer, question: _Question) -> _Answer:
    """Nothing is written, and nothing taken away, where there was too little to look at, or for a goal."""
    if answer.discovery.too_few or question.goal:
        return answer
    with opened.alone(question.selection.app or "") as lease:
        kept = _keep_funnels(opened, answer, question)
        lease.check()
        funnels = [(id_, one.finding.steps) for id_, one in zip(kept.ids, answer.told, strict=True)]
        patterns = _keep_patterns(opened, data, paths, funnels, question)
    return msgspec.structs.replace(answer, kept=kept, patterns=patterns)


def _keep_funnels(opened: FindingsStore, answer: _Answer, question: _Question) -> "Kept":
    from models.discovery.kept import keep  # noqa: PLC0415 - needs the extra `models`
    from models.discovery.limits import DEFAULT_LIMITS  # noqa: PLC0415 - the same
    from models.discovery.told import model_version  # noqa: PLC0415 - the same

    parameters = {
        "seed": question.seed,
        "sessions": answer.discovery.sessions,
        "visitors": answer.discovery.visitors,
        "limits": msgspec.to_builtins(DEFAULT_LIMITS),
    }
    model = model_version(DEFAULT_LIMITS, question.seed, question.goal)
    return keep(opened.client, opened.database, answer.told, question.selection, model, parameters)


def _keep_patterns(
    opened: FindingsStore, data: "FunnelData", paths: "Paths", funnels: "list[Funnel]", question: _Question
) -> "Discovered":
    from models.patterns.discovering import discover_patterns  # noqa: PLC0415 - needs the extra `models`

    return discover_patterns(
        opened.client,
        opened.database,
        data.raw,
        paths,
        funnels,
        data.templates,
        question.selection,
        question.seed,
        opened.report,
    )
