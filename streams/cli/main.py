"""The command line: one Typer app, one file per command; errors of ours become words and an exit code."""

import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

from streams.cli import (
    demo,
    discover,
    doctor,
    funnel,
    load,
    migrate,
    rebuild,
    report,
    rules,
    run,
    sql,
    store,
    templates,
    worker,
)
from streams.errors import ThalwegError

INTERRUPTED = 130

app = typer.Typer(
    name="thalweg",
    help="Raw product events in; anonymized, enriched events and sessions in ClickHouse out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("run")(run.run)
# a statement may begin with a comment, which looks like an option
app.command("sql", context_settings={"ignore_unknown_options": True})(sql.sql)
app.add_typer(store.app, name="store")
app.command("worker")(worker.worker)
app.command("load")(load.load)
app.command("migrate")(migrate.migrate)
app.command("rebuild")(rebuild.rebuild)
app.command("funnel")(funnel.funnel)
app.command("discover")(discover.discover)
app.command("templates")(templates.templates)
app.command("report")(report.report)
app.add_typer(rules.app, name="rules")
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command. Exit codes: 0 done, 2 configuration or usage, 3 store, 4 contract, 1 other, 130 interrupted."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except ThalwegError as error:
        typer.echo(f"thalweg: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("thalweg: interrupted", err=True)
        sys.exit(INTERRUPTED)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM unwinds like Ctrl-C, so that children are stopped and servers closed."""
    raise KeyboardInterrupt
