"""`thalweg rules preview`: what a rules file does to real events, before it does it."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, cast

import msgspec
import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams import __version__
from streams.anonymize.anonymizer import Place
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.rules import Rules, read_rules
from streams.anonymize.trace import Trace, make_tracer
from streams.enrich.enricher import make_enricher
from streams.enrich.sources import open_lookups
from streams.kafka.admin import no_answer
from streams.kafka.glance import newest
from streams.keys import Keys
from streams.load import sorted_records
from streams.outcome import Dead
from streams.parse.reading import make_reading
from streams.parse.times import header_tstamp, make_times
from streams.pipeline import PipelineOptions, country_lookup, read_headers
from streams.records import ParsedEvent, RawRecord
from streams.settings import FileFormat, FormatName, Settings, load_settings

_PREVIEW_SECRET = b"a preview's pseudonyms are no one's"
_SHOWN = 60
_WARNING = "This shows values as they came in: do not pass it on."


class Raw(msgspec.Struct, frozen=True):
    """A line of a file as a raw record."""

    offset: int
    timestamp: int
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Totals(msgspec.Struct):
    """What the rules did to all events shown."""

    events: int = 0
    unread: int = 0
    """Records that no event could be read from."""
    dropped: int = 0
    hits: Counter[str] = msgspec.field(default_factory=Counter)
    """Rule → events it is for."""
    changed: Counter[str] = msgspec.field(default_factory=Counter)
    """Rule → values it changed."""
    removed: Counter[str] = msgspec.field(default_factory=Counter)
    """Field → values that could not be masked."""
    untouched: Counter[str] = msgspec.field(default_factory=Counter)
    """Field → events in which no rule changed its value."""

    def add(self, trace: Trace) -> None:
        """One event more."""
        self.events += 1
        self.dropped += trace.dropped is not None
        self.hits.update(trace.hits)
        self.changed.update(change.rule for change in trace.changes)
        self.removed.update(trace.removed)
        self.untouched.update(trace.untouched)


def preview(  # noqa: PLR0913 - the options of a command
    source: Annotated[str, typer.Argument(help="A file of raw input, or a raw topic.")],
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Rules file; else the settings', else the defaults.")
    ] = None,
    format_: Annotated[FormatName | None, typer.Option("--format", help="What the lines are.")] = None,
    app_id: Annotated[str | None, typer.Option("--app-id", help="The app, where the input names none.")] = None,
    events: Annotated[int, typer.Option("--events", "-n", min=1, help="How many records to read.")] = 20,
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON an event, then one of totals.")] = False,
) -> None:
    """Show events before and after the rules: which rule hit, what it changed, which fields no rule touched.

    Pseudonyms are made with a key of the preview's own. Nothing is stored.
    """
    settings = load_settings(config, app_id=app_id, format=format_)
    read = read_rules(rules or settings.rules)
    records = list(_records(source, settings, events))
    totals, console = Totals(), Console(soft_wrap=True)
    typer.echo(_WARNING, err=True)
    for number, trace in enumerate(_traces(records, settings, read, totals), 1):
        if as_json:
            typer.echo(msgspec.json.encode(trace).decode())
        else:
            console.print(_diff(number, trace))
    if as_json:
        typer.echo(msgspec.json.encode({"totals": msgspec.to_builtins(totals)}).decode())
    else:
        _print_totals(console, read, totals)


def _records(source: str, settings: Settings, count: int) -> Iterator[RawRecord]:
    if Path(source).exists():
        if settings.format is None:
            raise typer.BadParameter("say with --format what the lines are")
        with tempfile.TemporaryDirectory(prefix="thalweg-") as tmp:
            lines = sorted_records(
                [Path(source)], cast("FileFormat", settings.format), Keys(_PREVIEW_SECRET), "", Path(tmp)
            )
            for offset, record in enumerate(islice(lines, count)):
                yield Raw(offset, record.tstamp, record.value, record.headers)
        return
    try:
        yield from asyncio.run(newest(settings, source, count))
    except (KafkaError, OSError) as error:
        raise no_answer(settings.kafka.brokers, error) from error


def _traces(records: Iterable[RawRecord], settings: Settings, rules: Rules, totals: Totals) -> Iterator[Trace]:
    lookups = open_lookups(settings.geo, __version__)
    enrich = make_enricher(lookups)
    keyring, country_of = SecretKeyring(_PREVIEW_SECRET), country_lookup(rules, lookups)
    trace = make_tracer(Keys(_PREVIEW_SECRET), keyring, rules, country_of)
    options = PipelineOptions(enriched_partitions=1, app_id=settings.app_id, format=settings.format)
    parse, times_of = (
        make_reading(options.format or "", True, options.parse),
        make_times(options.disorder_ms, options.max_age_ms, bounded=True),
    )
    for record in records:
        headers = read_headers(record.headers)
        items = parse(record, headers)
        for item in items:
            when = times_of(item, record.timestamp, header_tstamp(headers)) if isinstance(item, ParsedEvent) else None
            if when is None or isinstance(when, Dead) or not isinstance(item, ParsedEvent):
                totals.unread += 1
                continue
            item.app_id = item.app_id or settings.app_id
            place = Place("preview@1", 0, record.offset, len(items), record.value or b"", headers.get("event_id", ""))
            found = trace(item, place, (when.collector, when.derived, when.arrival), enrich)
            totals.add(found)
            yield found


def _diff(number: int, trace: Trace) -> Text:
    told = [f"event {number}: {', '.join(trace.hits) or 'no rule'}"]
    told += [f"  {c.field}: {_shown(c.before)} → {_shown(c.after)}   ({c.rule})" for c in trace.changes]
    if trace.dropped is not None:
        told.append(f"  dropped   ({trace.dropped})")
    return Text("\n".join(told))


def _shown(value: str | None) -> str:
    if value is None:
        return "–"
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")


def _print_totals(console: Console, rules: Rules, totals: Totals) -> None:
    table = Table("rule", "events", "values changed", title=f"{totals.events} events, {totals.dropped} dropped")
    names = [rule.name for rule in rules.file.rules]
    for name in dict.fromkeys([*names, *totals.changed]):
        table.add_row(name, str(totals.hits[name]) if name in names else "", str(totals.changed[name]))
    console.print(table)
    if totals.unread:
        console.print(f"{totals.unread} records hold no event that can be read")
    for what, counts in (("could not be masked, removed", totals.removed), ("no rule changed", totals.untouched)):
        if counts:
            console.print(Text(f"{what}: " + ", ".join(f"{name} ({number})" for name, number in counts.most_common())))
