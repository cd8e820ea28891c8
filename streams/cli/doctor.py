"""`thalweg doctor`: is everything as it must be? One finding a line; wrong ones with their mend."""

import asyncio
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table

from streams.cli.failure import as_store_error
from streams.doctor.finding import Finding
from streams.doctor.ledger import Account, account_of_store, account_of_topic, check_ledger, days_kept
from streams.doctor.tables import check_tables
from streams.doctor.topics import check_topics
from streams.errors import ConfigError
from streams.kafka.admin import configs_of, no_answer
from streams.kafka.security import connection
from streams.kafka.state import changelog_topic
from streams.settings import Settings, load_settings
from streams.warehouse.client import make_client
from streams.warehouse.retention import set_retention
from streams.warehouse.target import Target, open_target


def doctor(
    store: Annotated[
        str | None, typer.Option("--store", help="A folder, or clickhouse://user@host:port/database: check it.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Is every raw record accounted for? By the store, else by Kafka too.")
    ] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds that workers have to catch up (Kafka).")] = 60,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a finding.")] = False,
) -> None:
    """Check the store named and, where kafka.brokers is set, the topics. Exit code 1 where anything is wrong.

    With --ledger also the raw records: of a store folder each run's, else those on the brokers.
    """
    settings = load_settings(config)
    findings = [*_store(settings, store), *_topics(settings)]
    if ledger:
        findings += check_ledger(_accounts(settings, store, wait))
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


def _accounts(settings: Settings, store: str | None, wait: float) -> list[Account]:
    """Of the raw topic on its brokers, or of a store alone: a folder's brokers are gone when its run ends."""
    with_brokers = "brokers" in settings.kafka.model_fields_set
    if store is None and not with_brokers:
        raise ConfigError("--ledger: neither a store nor brokers are named", "add --store, or --config")
    with as_store_error(), _target(settings, store) as target:
        client, database = make_client(target.clickhouse, target.password), target.clickhouse.database
        try:
            if target.folder is not None or not with_brokers:
                return account_of_store(client, database, days_kept(settings.retention))
            return asyncio.run(account_of_topic(settings, client, database, wait))
        except KafkaError as error:
            raise no_answer(settings.kafka.brokers, error) from error
        finally:
            client.disconnect()


def _target(settings: Settings, store: str | None) -> AbstractContextManager[Target]:
    if store is not None:
        return open_target(store, settings, must_exist=True)
    password = settings.clickhouse_password.get_secret_value()
    return nullcontext(Target(clickhouse=settings.clickhouse, password=password))


def _topics(settings: Settings) -> list[Finding]:
    kafka = settings.kafka
    if "brokers" not in kafka.model_fields_set:
        return []
    changelog = changelog_topic(settings)
    topics = [kafka.raw_topic, kafka.dead_topic, changelog]
    try:
        configs = asyncio.run(configs_of(connection(settings), topics))
    except (KafkaError, OSError) as error:
        raise no_answer(kafka.brokers, error) from error
    return check_topics(configs, settings, changelog)


def _table(findings: list[Finding]) -> Table:
    table = Table("check", "of", "", "what", "mend")
    for finding in findings:
        table.add_row(finding.check, finding.subject, "ok" if finding.ok else "WRONG", finding.words, finding.mend)
    return table
