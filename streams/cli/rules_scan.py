"""`thalweg rules scan`: whether anything personal is where it must not be, and whether groups are large enough."""

import asyncio
import secrets
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from streams.cli.failure import as_store_error
from streams.errors import ConfigError
from streams.kafka.state import changelog_topic
from streams.keys import Keys
from streams.scan.anonymity import Anonymity, measure
from streams.scan.canaries import make_canary_finder, read_canaries
from streams.scan.files import scan_files
from streams.scan.kinds import KINDS
from streams.scan.scanner import Find, Scanner
from streams.scan.tables import scan_tables
from streams.scan.topics import scan_topic
from streams.settings import Settings, load_settings
from streams.warehouse.client import make_client
from streams.warehouse.target import Target, open_target

_SAMPLES = "scan"
"""What the samples' hashes are for: the same secret gives the same samples, and none of any other use."""


class ScanReport(msgspec.Struct, frozen=True):
    """What was found, and how many values were looked at in each place."""

    finds: list[Find]
    searched: dict[str, int]


def scan(  # noqa: PLR0913 - one option each
    store: Annotated[
        str | None, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database; and its logs.")
    ] = None,
    topics: Annotated[
        bool, typer.Option("--topics", help="The topics outside the restricted zone, at kafka.brokers.")
    ] = False,
    file: Annotated[list[Path] | None, typer.Option("--file", help="A log, a report, a folder of them.")] = None,
    canaries: Annotated[
        Path | None, typer.Option("--canaries", help="Values to look for, one a line; found in any case, hashed too.")
    ] = None,
    except_: Annotated[
        list[str] | None, typer.Option("--except", help="PLACE:KIND that is known and fine, as events.page_urlhost:ip")
    ] = None,
    k: Annotated[int | None, typer.Option("--k", min=2, help="Instead: groups of fewer people than this.")] = None,
    columns: Annotated[str | None, typer.Option("--columns", help="… who share these columns, by commas.")] = None,
    table: Annotated[str, typer.Option("--table", help="… of this table or view.")] = "events_v",
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
) -> None:
    """Search tables, topics and files for personal values, through encodings too. Exit code 1 where one is found."""
    settings = load_settings(config)
    if k is not None or columns is not None:
        measured = _measure(settings, store, table, columns, k)
        _tell(json, measured, _groups(measured), _small(measured))
        raise typer.Exit(int(measured.groups_below_k > 0))
    report = _scan(settings, store, [*(file or [])], canaries, topics=topics)
    report = ScanReport(_unexpected(report.finds, except_ or []), report.searched)
    searched = f"{sum(report.searched.values()):,} values in {len(report.searched)} places searched"
    _tell(json, report, _finds(report), searched)
    raise typer.Exit(int(bool(report.finds)))


def _scan(
    settings: Settings, store: str | None, files: list[Path], canaries: Path | None, *, topics: bool
) -> ScanReport:
    if store is None and not topics and not files:
        raise ConfigError("nothing to search is named", "give --store, --topics or --file")
    given = make_canary_finder(read_canaries(canaries)) if canaries else None
    with as_store_error(), _target(settings, store) as target:
        scanner = Scanner(KINDS, _sample_key(settings, target), given)
        if target is not None:
            client = make_client(target.clickhouse, target.password)
            scan_tables(client, target.clickhouse.database, scanner)
            client.disconnect()
            if target.folder is not None and (target.folder / "run").is_dir():
                scan_files(sorted((target.folder / "run").glob("*.log")), scanner)
    if topics:
        for topic in (settings.kafka.enriched_topic, changelog_topic(settings)):
            asyncio.run(scan_topic(settings, topic, scanner))
    scan_files(files, scanner)
    return ScanReport(scanner.finds, dict(scanner.searched))


def _target(settings: Settings, store: str | None) -> AbstractContextManager[Target | None]:
    return nullcontext(None) if store is None else open_target(store, settings, must_exist=True)


def _sample_key(settings: Settings, target: Target | None) -> bytes:
    """Of the secret where there is one, so that two scans can be compared; else one of this scan."""
    try:
        secret = target.secret(settings) if target is not None else secrets.token_bytes(32)
    except ConfigError:
        secret = secrets.token_bytes(32)
    return Keys(secret).digest(_SAMPLES)(b"key")


def _unexpected(finds: list[Find], known: list[str]) -> list[Find]:
    pairs = {tuple(each.rpartition(":")[::2]) for each in known}
    wrong = [each for each in known if ":" not in each]
    if wrong:
        raise ConfigError(f"--except {wrong[0]}: is no PLACE:KIND", "as events.page_urlhost:ip")
    return [find for find in finds if (find.place, find.kind) not in pairs]


def _measure(settings: Settings, store: str | None, table: str, columns: str | None, k: int | None) -> Anonymity:
    if store is None or columns is None or k is None:
        raise ConfigError("groups of people need --k, --columns and --store", "as: --k 5 --columns geo_city,br_family")
    with as_store_error(), open_target(store, settings, must_exist=True) as target:
        client = make_client(target.clickhouse, target.password)
        names = [column.strip() for column in columns.split(",") if column.strip()]
        measured = measure(client, target.clickhouse.database, table, names, k)
        client.disconnect()
    return measured


def _tell(json: bool, report: msgspec.Struct, table: Table, words: str) -> None:
    if json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        Console().print(table)
        typer.echo(words)


def _finds(report: ScanReport) -> Table:
    table = Table("place", "kind", "encoded", "count", "sample")
    for find in report.finds:
        table.add_row(find.place, find.kind, find.encoded, f"{find.count:,}", find.sample)
    return table


def _groups(measured: Anonymity) -> Table:
    table = Table(*measured.columns, "people", "rows", title="smallest groups")
    for group in measured.smallest:
        table.add_row(*group.values, f"{group.people:,}", f"{group.rows:,}")
    return table


def _small(measured: Anonymity) -> str:
    groups = f"{measured.groups_below_k:,} of {measured.groups:,} groups have fewer than {measured.k} people"
    return f"{groups}: {measured.people_below_k:,} people, {measured.rows_below_k:,} of {measured.rows:,} rows"
