"""`thalweg doctor`: is everything as it must be? One finding a line; wrong ones with their mend."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table

from streams.cli.failure import as_store_error
from streams.doctor.finding import Finding
from streams.doctor.tables import check_tables
from streams.doctor.topics import check_topics
from streams.kafka.admin import configs_of, no_answer
from streams.kafka.security import security
from streams.kafka.state import changelog_topic
from streams.settings import Settings, load_settings
from streams.warehouse.client import make_client
from streams.warehouse.retention import set_retention
from streams.warehouse.target import open_target


def doctor(
    store: Annotated[
        str | None, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database: check it.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a finding.")] = False,
) -> None:
    """Check the store named and, where kafka.brokers is set, the topics. Exit code 1 where anything is wrong."""
    settings = load_settings(config)
    findings = [*_store(settings, store), *_topics(settings)]
    if json:
        for finding in findings:
            typer.echo(msgspec.json.encode(finding).decode())
    else:
        Console().print(_table(findings))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _store(settings: Settings, store: str | None) -> list[Finding]:
    if store is None:
        return []
    with as_store_error(), open_target(store, settings, must_exist=True) as target:
        client = make_client(target.clickhouse, target.password)
        ttls = set_retention(client, target.clickhouse.database, settings.retention, dry_run=True)
        client.disconnect()
    return check_tables(ttls)


def _topics(settings: Settings) -> list[Finding]:
    kafka = settings.kafka
    if "brokers" not in kafka.model_fields_set:
        return []
    changelog = changelog_topic(settings)
    topics = [kafka.raw_topic, kafka.dead_topic, changelog]
    try:
        configs = asyncio.run(configs_of(kafka.brokers, topics, security(settings)))
    except (KafkaError, OSError) as error:
        raise no_answer(kafka.brokers, error) from error
    return check_topics(configs, settings, changelog)


def _table(findings: list[Finding]) -> Table:
    table = Table("check", "of", "", "what", "mend")
    for finding in findings:
        table.add_row(finding.check, finding.subject, "ok" if finding.ok else "WRONG", finding.words, finding.mend)
    return table
