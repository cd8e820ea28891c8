"""Who owns which generation: numbers of enriched topics and of raw topics' incarnations, each given once.

A generation is the high part of every row's version, so it must be larger than all before it: rows of an older one
never beat those of a newer one.
"""

import uuid
from collections.abc import Iterable
from random import SystemRandom

from clickhouse_driver import Client

from streams.errors import ContractError
from streams.warehouse.client import qualified

ENRICHED = "enriched"
RAW = "raw"
REBUILT = "rebuilt"
"""A generation of an embedded run whose visitors are rebuilt: nothing of earlier runs is apart from it any more."""

MAX_GENERATION = (1 << 16) - 1
"""16 bits of the version are the generation."""

_NOBODY = uuid.UUID(int=0)
_random = SystemRandom()


def next_generation(
    client: Client, database: str, raw_topic: str, enriched_topic: str, partitions: int
) -> tuple[int, int]:
    """A new generation of the enriched topic and a new incarnation of the raw topic, both recorded, for one run.

    ``partitions`` of the enriched topic. Safe when several runs ask at once. Raises ContractError when used up.
    """
    generation = _take(client, database, ENRICHED, enriched_topic, partitions)
    return generation, _take(client, database, RAW, raw_topic, 0)


def register(client: Client, database: str, enriched_topic: str, generation: int, partitions: int) -> None:
    """Records the generation a production worker is set to, where it is new.

    Raises ContractError where the store knows it with other partitions or for another topic, or knows a later one but
    not this: rows of this one would lose against older rows.
    """
    known = client.execute(
        qualified(
            "SELECT generation, name, partitions FROM {database}.generations FINAL WHERE kind = %(kind)s"
            " ORDER BY generation",
            database,
        ),
        {"kind": ENRICHED},
    )
    mend = f"set kafka.generation to {max((row[0] for row in known), default=0) + 1} and start with a rebuild"
    same = [(name, count) for number, name, count in known if number == generation]
    if any(name != enriched_topic for name, _ in same):
        raise ContractError(f"generation {generation} belongs to another enriched topic in this store", mend)
    if any(count != partitions for _, count in same):
        raise ContractError(
            f"topic {enriched_topic} has {partitions} partitions, and {same[0][1]} when generation {generation} began:"
            " visitors moved to other partitions",
            f"give it {same[0][1]} partitions again, or {mend}",
        )
    if not same and known and known[-1][0] > generation:
        raise ContractError(f"generation {generation} is new here, but the store knows {known[-1][0]}", mend)
    if not same:
        _insert(client, database, (ENRICHED, enriched_topic, generation, partitions, _NOBODY))


def not_rebuilt(client: Client, database: str) -> list[int]:
    """Generations of embedded runs that ended, or died, before their rebuild was done; in order."""
    rows = client.execute(
        qualified(
            "SELECT DISTINCT generation FROM {database}.generations WHERE kind = %(kind)s AND owner != %(nobody)s"
            " AND generation NOT IN (SELECT generation FROM {database}.generations WHERE kind = %(rebuilt)s)"
            " ORDER BY generation",
            database,
        ),
        {"kind": ENRICHED, "rebuilt": REBUILT, "nobody": _NOBODY},
    )
    return [int(row[0]) for row in rows]


def refuse_live(client: Client, database: str) -> None:
    """Raises ContractError where production workers write: a run's rows would win over theirs for good."""
    rows = client.execute(
        qualified(
            "SELECT max(generation) FROM {database}.generations WHERE kind = %(kind)s AND owner = %(nobody)s"
            " HAVING count() > 0",
            database,
        ),
        {"kind": ENRICHED, "nobody": _NOBODY},
    )
    if rows:
        raise ContractError(
            f"live workers write to this store (generation {rows[0][0]})",
            "put the files on their raw topic with `thalweg load`, or use another store",
        )


def mark_rebuilt(client: Client, database: str, generations: Iterable[int]) -> None:
    """Records that the generations' visitors are rebuilt."""
    for generation in generations:
        _insert(client, database, (REBUILT, "", generation, 0, _NOBODY))


def _take(client: Client, database: str, kind: str, name: str, partitions: int) -> int:
    """The first free number that nobody else wants: who finds another owner at its number moves on."""
    owner = uuid.uuid4()
    step = 1
    while True:
        number = _last(client, database, kind, name) + step
        if number > MAX_GENERATION:
            raise ContractError(f"all {MAX_GENERATION} generations of this store are used", "start a new store")
        _insert(client, database, (kind, name, number, partitions, owner))
        if _owners(client, database, kind, name, number) == 1:
            return number
        step = _random.randint(1, 8)  # several at once part soon


def _insert(client: Client, database: str, row: tuple[str, str, int, int, uuid.UUID]) -> None:
    client.execute(
        qualified("INSERT INTO {database}.generations (kind, name, generation, partitions, owner) VALUES", database),
        [row],
        settings={"async_insert": 0},
    )


def _last(client: Client, database: str, kind: str, name: str) -> int:
    rows = client.execute(
        qualified("SELECT max(generation) FROM {database}.generations WHERE kind = %(kind)s", database) + _scope(kind),
        {"kind": kind, "name": name},
    )
    return int(rows[0][0])


def _owners(client: Client, database: str, kind: str, name: str, number: int) -> int:
    query = (
        "SELECT uniqExact(owner, name) FROM {database}.generations WHERE kind = %(kind)s AND generation = %(number)s"
    )
    rows = client.execute(qualified(query, database) + _scope(kind), {"kind": kind, "name": name, "number": number})
    return int(rows[0][0])


def _scope(kind: str) -> str:
    """Generations are counted over all enriched topics, incarnations per raw topic."""
    return "" if kind == ENRICHED else " AND name = %(name)s"
