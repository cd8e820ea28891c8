"""`thalweg rules keys list|rotate|forget`: the keys of pseudonyms; none is ever shown."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, cast

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from streams.errors import ConfigError
from streams.keyring.file import changing, load_keys
from streams.keyring.period import first_day, name_of, period_of, today
from streams.keyring.ring import STORE_KEYS
from streams.keyring.text import KEY_ID, read_keys
from streams.keyring.tree import DEPTH, LAST, SECRET_BYTES, KeyTree, Rotation, forget, forgotten, grow, renew
from streams.settings import Settings, load_settings
from streams.warehouse.embedded.store import is_store

app = typer.Typer(no_args_is_help=True, help="The keys of pseudonyms.")
AHEAD = 2
"""Periods until a renewed root counts: one may be half over, and every worker needs the file before."""

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="The key's id, as rules name it.")]
Store = Annotated[Path | None, typer.Option("--store", help="A store folder, whose own key file is meant.")]
Config = Annotated[Path | None, typer.Option("--config", help="thalweg.yaml, whose keys_file is meant.")]


class Gap(msgspec.Struct, frozen=True):
    """Periods that have no key, the first and the last."""

    first: str
    last: str


class KeyLine(msgspec.Struct, frozen=True):
    """What is told of a key."""

    key: str
    rotation: str
    forgotten: list[Gap]


@app.command("list")
def list_keys(
    store: Store = None,
    config: Config = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a key.")] = False,
) -> None:
    """Show each key's id, rotation, and which periods are forgotten."""
    lines = [_line(key_id, tree) for key_id, tree in sorted(_trees(load_settings(config), store).items())]
    if json:
        for line in lines:
            typer.echo(msgspec.json.encode(line).decode())
        return
    table = Table("key", "rotation", "forgotten")
    for line in lines:
        table.add_row(line.key, line.rotation, ", ".join(_span(gap) for gap in line.forgotten) or "–")
    Console().print(table)


@app.command("rotate")
def rotate(
    key_id: KeyId,
    rotation: Annotated[str | None, typer.Option("--rotation", help="none, daily or monthly; of a new key.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the new root (UTC).")
    ] = None,
    store: Store = None,
    config: Config = None,
) -> None:
    """Make a key, or give one that there is a new random root for the periods to come."""
    file = _file(load_settings(config), store)
    with changing(file, may_be_new=True) as trees:
        tree = trees.get(key_id)
        if tree is None:
            trees[key_id] = _new(key_id, rotation)
            told = f"key {key_id} made, rotation {trees[key_id].rotation}"
        else:
            period = _period_ahead(key_id, tree, rotation, since)
            trees[key_id] = renew(tree, period, secrets.token_bytes(SECRET_BYTES))
            told = f"key {key_id} has a new root from {name_of(tree.rotation, period)} on"
    typer.echo(f"{told}; give {file} to every worker")


@app.command("forget")
def forget_keys(  # noqa: PLR0913 - one option each
    key_id: KeyId,
    before: Annotated[
        datetime | None, typer.Option("--before", formats=["%Y-%m-%d"], help="All periods that ended before this day.")
    ] = None,
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="The one period that holds this day.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every period, those to come included.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    store: Store = None,
    config: Config = None,
) -> None:
    """Forget keys for good: their pseudonyms cannot be made again, and events of those days are refused."""
    file = _file(load_settings(config), store)
    with changing(file) as trees:
        if key_id not in trees:
            raise ConfigError(f"{file}: there is no key {key_id}", "see: thalweg rules keys list")
        tree = trees[key_id]
        first, last = _periods(tree, before, day, every=all_)
        told = _span(Gap(name_of(tree.rotation, first), name_of(tree.rotation, last)))
        with _confirmed(f"Forget key {key_id} of {told}? Nobody can undo it.", yes=yes):
            trees[key_id] = forget(tree, first, last)
    typer.echo(
        f"key {key_id} of {told} is forgotten; give {file} to every worker, which takes it up without a restart,"
        " and destroy its old copies"
    )


def _trees(settings: Settings, store: Path | None) -> dict[str, KeyTree]:
    if store is None and settings.keys is not None:
        return read_keys(settings.keys.get_secret_value(), "THALWEG_KEYS")
    file = _file(settings, store)
    return load_keys(file) if file.exists() or store is None else {}


def _file(settings: Settings, store: Path | None) -> Path:
    if store is not None:
        if not is_store(store):
            raise ConfigError(f"no store at {store}", "name a store's folder, or leave --store out and set keys_file")
        return store / STORE_KEYS
    if settings.keys is not None:
        raise ConfigError("the keys come from THALWEG_KEYS, which no command can change", "set keys_file to their file")
    if settings.keys_file is None:
        raise ConfigError("no key file is named", "set keys_file (THALWEG_KEYS_FILE), or give --store")
    return settings.keys_file


def _new(key_id: str, rotation: str | None) -> KeyTree:
    if not KEY_ID.fullmatch(key_id):
        raise ConfigError(f"{key_id!r} cannot name a key", "use lower-case letters, digits, _ and -")
    if rotation not in DEPTH:
        raise ConfigError(
            f"key {key_id} is new: how often does it rotate?", f"give --rotation, one of {', '.join(DEPTH)}"
        )
    return grow(cast("Rotation", rotation), secrets.token_bytes(SECRET_BYTES))


def _period_ahead(key_id: str, tree: KeyTree, rotation: str | None, since: datetime | None) -> int:
    """Where the new root begins: a period that no worker can be in yet."""
    if rotation not in (None, tree.rotation):
        raise ConfigError(
            f"key {key_id} rotates {tree.rotation}", "a key keeps its rotation; name a new key in the rules"
        )
    if tree.rotation == "none":
        raise ConfigError(
            f"key {key_id} does not rotate: a new root would forget it",
            "make a key of another id and name it in the rules",
        )
    now = period_of(tree.rotation, today())
    period = now + AHEAD if since is None else period_of(tree.rotation, since.date())
    if period <= now:
        raise ConfigError(
            f"{name_of(tree.rotation, period)} has begun: workers hash with its key",
            f"begin with {first_day(tree.rotation, now + 1)} or later, and give workers the file before that",
        )
    return period


def _periods(tree: KeyTree, before: datetime | None, day: datetime | None, *, every: bool) -> tuple[int, int]:
    if [before is not None, day is not None, every].count(True) != 1:
        raise ConfigError("which periods?", "give one of --before DAY, --day DAY and --all")
    if every:
        return 0, LAST[tree.rotation]
    if tree.rotation == "none":
        raise ConfigError("the key has one period: all time", "give --all to forget it")
    if before is not None:
        last = period_of(tree.rotation, before.date()) - 1
        if last < 0:
            raise ConfigError(f"no period ended before {before.date()}", "give a later day")
        return 0, last
    assert day is not None
    period = period_of(tree.rotation, day.date())
    return period, period


@contextmanager
def _confirmed(question: str, *, yes: bool) -> Iterator[None]:
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError("forgetting a key cannot be undone", "give --yes where nobody can be asked")
        typer.confirm(question, abort=True)
    yield


def _line(key_id: str, tree: KeyTree) -> KeyLine:
    gaps = [Gap(name_of(tree.rotation, first), name_of(tree.rotation, last)) for first, last in forgotten(tree)]
    return KeyLine(key_id, tree.rotation, gaps)


def _span(gap: Gap) -> str:
    return gap.first if gap.first == gap.last else f"{gap.first} to {gap.last}"
