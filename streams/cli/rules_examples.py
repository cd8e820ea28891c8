"""`thalweg rules test`: the examples of a rules file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from streams.anonymize.examples import Difference, Result, run_examples
from streams.anonymize.rules import read_rules
from streams.settings import load_settings

FAILED = 1


def run(
    file: Annotated[Path | None, typer.Argument(help="Rules file; else the settings', else the defaults.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON an example.")] = False,
) -> None:
    """Check a rules file and run the examples beside its rules. Exit code 1: one fails, 2: the file is wrong."""
    rules = read_rules(file or load_settings(config).rules)
    results = list(run_examples(rules))
    for result in results:
        typer.echo(_json(result) if as_json else _line(result))
    failed = sum(not result.passed for result in results)
    if not as_json:
        typer.echo(f"{len(rules.file.rules)} rules, {len(results)} examples, {failed} failed; version {rules.hash}")
    if failed:
        raise typer.Exit(FAILED)


def _json(result: Result) -> str:
    return msgspec.json.encode({"passed": result.passed, **msgspec.to_builtins(result)}).decode()


def _line(result: Result) -> str:
    name = f"{result.rule or 'the file'}, example {result.number}"
    return f"ok    {name}" if result.passed else f"FAIL  {name}{_told(result.differences)}"


def _told(differences: Sequence[Difference]) -> str:
    return "".join(
        f"\n      {each.field or 'the event'}: expected {each.expected!r}, is {each.found!r}" for each in differences
    )
