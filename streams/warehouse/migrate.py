"""Brings the warehouse's schema up to date: numbered SQL files, each applied once, never changed afterwards."""

import hashlib
import re
from collections.abc import Iterable
from enum import StrEnum
from importlib.resources import files

import msgspec
from clickhouse_driver import Client
from clickhouse_driver import errors as driver

from streams.errors import StoreError
from streams.warehouse.client import has_table, identifier, qualified
from streams.warehouse.statements import statements

_FILE = re.compile(r"(\d{4})_(\w+)\.sql")

_CREATE_MIGRATIONS = """
CREATE TABLE IF NOT EXISTS {database}.migrations
(
    number UInt32 COMMENT 'Number of the migration',
    name String COMMENT 'Name of the migration',
    hash String COMMENT 'SHA-256 of its file',
    applied DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied (milliseconds, UTC)'
)
ENGINE = ReplacingMergeTree
ORDER BY number
COMMENT 'Schema migrations that were applied'
"""


class State(StrEnum):
    """Where a migration stands."""

    DONE = "done"
    APPLIED = "applied"
    PENDING = "pending"


class Migration(msgspec.Struct, frozen=True):
    """One numbered file of ``schema/``."""

    number: int
    name: str
    text: str

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class MigrationStatus(msgspec.Struct, frozen=True):
    """One line of the status table: ``done`` before, ``applied`` now, or ``pending`` (dry run)."""

    number: int
    name: str
    hash: str
    state: State


def migrate(client: Client, database: str, *, dry_run: bool = False) -> list[MigrationStatus]:
    """Applies what is missing, in order, and says where each migration stands. Dry: changes nothing at all.

    Two may run at once: every statement is idempotent (IF NOT EXISTS). Raises StoreError where an applied migration's
    file has changed since, is gone, or the server refuses a statement.
    """
    identifier(database)
    known = migrations()
    if not dry_run:
        client.execute(f"CREATE DATABASE IF NOT EXISTS {database}")
        client.execute(qualified(_CREATE_MIGRATIONS, database))
    applied = _applied(client, database)
    _check(known, applied)
    states = []
    for migration in known:
        state = State.DONE if migration.number in applied else State.PENDING if dry_run else State.APPLIED
        if state is State.APPLIED:
            _apply(client, database, migration)
        states.append(MigrationStatus(migration.number, migration.name, migration.hash, state))
    return states


def migrations() -> list[Migration]:
    """The migrations in this package, by number."""
    found = [
        Migration(int(named[1]), named[2], entry.read_text("utf-8"))
        for entry in files("streams.warehouse").joinpath("schema").iterdir()
        if (named := _FILE.fullmatch(entry.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


def _apply(client: Client, database: str, migration: Migration) -> None:
    for statement in statements(qualified(migration.text, database)):
        try:
            client.execute(statement)
        except driver.ServerException as refused:
            raise StoreError(
                f"migration {migration.number:04} {migration.name} stopped: {_first_line(refused)}",
                "the server must be ClickHouse 24.8 or newer and the user may create tables and views; then run"
                " `thalweg migrate` again, it goes on where it stopped",
            ) from refused
    client.execute(
        f"INSERT INTO {database}.migrations (number, name, hash) VALUES",
        [(migration.number, migration.name, migration.hash)],
    )


def _applied(client: Client, database: str) -> dict[int, tuple[str, str]]:
    """Number → (name, hash); nothing where the table is not there yet."""
    if not has_table(client, database, "migrations"):
        return {}
    rows = client.execute(qualified("SELECT number, name, hash FROM {database}.migrations FINAL", database))
    return {number: (name, hash_) for number, name, hash_ in rows}


def _check(known: Iterable[Migration], applied: dict[int, tuple[str, str]]) -> None:
    ours = {migration.number: migration.hash for migration in known}
    for number, (name, hash_) in applied.items():
        if number not in ours:
            raise StoreError(
                f"the store holds migration {number:04} {name}, which this version does not know",
                "run the version of Thalweg that made it, or a newer one",
            )
        if ours[number] != hash_:
            raise StoreError(
                f"migration {number:04} {name} was applied with other text than it has now",
                "put its file back as it was, and write the change as a new migration with the next number",
            )


def _first_line(error: driver.ServerException) -> str:
    return f"code {error.code}, {str(error.message).splitlines()[0][:300]}"
