from typing import Any

import pytest
from clickhouse_driver import Client
from clickhouse_driver import errors as driver

from streams.errors import StoreError
from streams.settings import ClickHouseSettings
from streams.warehouse import insert
from streams.warehouse.client import client_options
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.failures import ROW_CODES, Refused
from streams.warehouse.insert import InsertClient, encode

COLUMNS = {"number": "UInt32", "name": "LowCardinality(String)"}


@pytest.fixture
def inserter(bare: Client, fresh: ClickHouseSettings, address: StoreAddress) -> InsertClient:
    """An inserting client beside a table of two columns."""
    bare.execute(f"CREATE DATABASE {fresh.database}")
    bare.execute(
        f"CREATE TABLE {fresh.database}.pairs (number UInt32, name LowCardinality(String), more UInt8 DEFAULT 7)"
        " ENGINE = MergeTree ORDER BY number"
    )
    return InsertClient(**client_options(fresh, address.password))


def test_large_batches_go_as_several_blocks(
    inserter: InsertClient, bare: Client, fresh: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with its own dictionary; columns not named keep their default."""
    monkeypatch.setattr(insert, "MAX_BLOCK_ROWS", 3)
    encoded = encode("pairs", COLUMNS, [list(range(8)), list("abcabcde")])
    assert [block.rows for block in encoded.blocks] == [3, 3, 2]
    inserter.insert(fresh.database, encoded, {})
    rows = bare.execute(f"SELECT number, name, more FROM {fresh.database}.pairs ORDER BY number")
    assert rows == [(number, letter, 7) for number, letter in enumerate("abcabcde")]
    inserter.disconnect()


def test_the_digest_is_of_the_content() -> None:
    """Equal rows have it, any other value, order or column changes it."""
    cases: list[tuple[dict[str, str], list[list[Any]]]] = [
        (COLUMNS, [[1, 2], ["a", "b"]]),
        (COLUMNS, [[1, 2], ["a", "c"]]),
        (COLUMNS, [[2, 1], ["b", "a"]]),
        (COLUMNS | {"more": "UInt8"}, [[1, 2], ["a", "b"], [7, 7]]),
    ]
    digests = [encode("pairs", columns, values).digest for columns, values in cases]
    assert len(set(digests)) == len(digests)
    assert encode("pairs", COLUMNS, [[1, 2], ["a", "b"]]).digest == digests[0]


def test_a_value_that_does_not_fit_names_its_column_and_is_not_repeated() -> None:
    """Rows may hold what nobody should read in a log."""
    with pytest.raises(Refused, match=r"pairs\.number: code 53") as refused:
        encode("pairs", COLUMNS, [[1, "ada@mail.example"], ["a", "b"]])
    assert refused.value.code in ROW_CODES
    assert "ada" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_columns_of_unequal_length_are_a_mistake_of_ours() -> None:
    """They would shift every value after them."""
    with pytest.raises(ValueError, match="name of pairs has 1 rows, not 2"):
        encode("pairs", COLUMNS, [[1, 2], ["a"]])


def test_a_type_the_server_does_not_ask_for_is_not_sent(
    inserter: InsertClient, bare: Client, fresh: ClickHouseSettings
) -> None:
    """A table changed while the worker runs: an error, no nonsense; the connection serves on."""
    encoded = encode("pairs", {"number": "UInt64"}, [[1]])
    with pytest.raises(StoreError, match=r"pairs\.number as UInt32, we send UInt64"):
        inserter.insert(fresh.database, encoded, {})
    inserter.insert(fresh.database, encode("pairs", COLUMNS, [[5], ["e"]]), {})
    assert bare.execute(f"SELECT count() FROM {fresh.database}.pairs") == [(1,)]
    inserter.disconnect()


def test_a_missing_table_is_the_servers_code(inserter: InsertClient, fresh: ClickHouseSettings) -> None:
    """The driver's error comes through; the sink classifies it."""
    with pytest.raises(driver.ServerException) as refused:
        inserter.insert(fresh.database, encode("nowhere", COLUMNS, [[1], ["a"]]), {})
    assert refused.value.code == 60
    inserter.disconnect()
