from concurrent.futures import ThreadPoolExecutor

import pytest
from clickhouse_driver import Client

from streams.errors import ContractError
from streams.settings import ClickHouseSettings
from streams.warehouse.client import make_client
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.generations import MAX_GENERATION, next_generation, register


def test_runs_count_up(client: Client, settings: ClickHouseSettings) -> None:
    """Generations count over all enriched topics, incarnations per raw topic."""
    given = [
        next_generation(client, settings.database, raw, enriched, 2)
        for raw, enriched in (("raw", "enriched"), ("raw", "enriched"), ("other", "other-enriched"))
    ]
    assert given == [(1, 1), (2, 2), (3, 1)]


def test_runs_at_once_never_share_a_number(client: Client, settings: ClickHouseSettings, address: StoreAddress) -> None:
    """Rows of two runs under one generation would beat each other at random."""

    def run(_: int) -> tuple[int, int]:
        own = make_client(settings, address.password)
        given = next_generation(own, settings.database, "raw", "enriched", 2)
        own.disconnect()
        return given

    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(run, range(8)))
    assert len({generation for generation, _ in given}) == 8
    assert len({incarnation for _, incarnation in given}) == 8


def test_a_worker_registers_once(client: Client, settings: ClickHouseSettings) -> None:
    """Every worker of a topic does at its start: one row."""
    for _ in range(3):
        register(client, settings.database, "enriched", 5, 12)
    rows = client.execute(f"SELECT name, generation, partitions FROM {settings.database}.generations FINAL")
    assert rows == [("enriched", 5, 12)]
    assert next_generation(client, settings.database, "raw", "enriched", 2)[0] == 6


def test_a_changed_partition_count_stops(client: Client, settings: ClickHouseSettings) -> None:
    """Visitors would lie in other partitions than their state; the mend is a new generation."""
    register(client, settings.database, "enriched", 1, 2)
    with pytest.raises(ContractError, match="4 partitions, and 2 when generation 1 began") as refused:
        register(client, settings.database, "enriched", 1, 4)
    assert "kafka.generation to 2" in refused.value.mend


def test_a_generation_of_another_topic_stops(client: Client, settings: ClickHouseSettings) -> None:
    """Progress and versions are told apart by the generation alone."""
    register(client, settings.database, "enriched", 1, 2)
    with pytest.raises(ContractError, match="belongs to another enriched topic"):
        register(client, settings.database, "enriched-b", 1, 2)


def test_a_generation_below_a_known_one_stops(client: Client, settings: ClickHouseSettings) -> None:
    """Its rows would lose against older rows. One that is known already goes on: its workers may still run."""
    register(client, settings.database, "enriched", 1, 2)
    register(client, settings.database, "enriched", 7, 2)
    register(client, settings.database, "enriched", 1, 2)
    with pytest.raises(ContractError, match="generation 3 is new here, but the store knows 7") as refused:
        register(client, settings.database, "enriched", 3, 2)
    assert "kafka.generation to 8" in refused.value.mend


def test_generations_end_where_the_version_has_no_more_bits(client: Client, settings: ClickHouseSettings) -> None:
    """Sixteen bits of the version."""
    register(client, settings.database, "enriched", MAX_GENERATION, 2)
    with pytest.raises(ContractError, match="are used"):
        next_generation(client, settings.database, "raw", "enriched", 2)
