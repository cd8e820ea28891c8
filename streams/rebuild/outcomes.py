"""Outcomes of copies that a rebuild makes duplicates: what their rows say of their raw records stays."""

from collections.abc import Sequence

import msgspec
from clickhouse_driver import Client

from streams.outcome import Verdict
from streams.records import Outcome
from streams.warehouse.client import qualified

PLACES = 2_000
"""Raw coordinates per statement: a statement may hold 256 KiB."""

Place = tuple[str, int, int, int]
"""Raw topic, partition, offset, index."""


def changed_outcomes(losers: Sequence[Outcome], client: Client, database: str) -> list[Outcome]:
    """The losers that were accepted, with what their rows say of their records; an adopted late one stays late."""
    places = [_place(loser) for loser in losers]
    stored = stored_outcomes(client, database, places)
    return [
        msgspec.structs.replace(loser, events=known[1], size=known[2])
        for loser, at in zip(losers, places, strict=True)
        if (known := stored.get(at)) is not None and known[0] == Verdict.ACCEPTED
    ]


def _place(outcome: Outcome) -> Place:
    return outcome.raw_topic, outcome.raw_partition, outcome.raw_offset, outcome.raw_index


def stored_outcomes(client: Client, database: str, places: list[Place]) -> dict[Place, tuple[str, int, int]]:
    """(outcome, events, size) of raw coordinates, asked for in statements of bounded size."""
    found = {}
    for start in range(0, len(places), PLACES):
        found.update(_outcomes_at(client, database, places[start : start + PLACES]))
    return found


def _outcomes_at(client: Client, database: str, places: list[Place]) -> dict[Place, tuple[str, int, int]]:
    rows = client.execute(
        qualified(
            "SELECT raw_topic, raw_partition, raw_offset, raw_index, outcome, events, size"
            " FROM {database}.outcomes FINAL"
            " WHERE (raw_topic, raw_partition, raw_offset, raw_index) IN %(places)s",
            database,
        ),
        {"places": tuple(places)},
    )
    return {(topic, *at): (outcome, events, size) for topic, *at, outcome, events, size in rows}
