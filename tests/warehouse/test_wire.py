import uuid
from typing import Any

import pytest
from clickhouse_driver import Client
from clickhouse_driver.bufferedwriter import BufferedSocketWriter
from clickhouse_driver.columns.service import write_column
from clickhouse_driver.context import Context
from hypothesis import given
from hypothesis import strategies as st

from streams.settings import ClickHouseSettings
from streams.warehouse.client import client_options
from streams.warehouse.embedded.store import StoreAddress
from streams.warehouse.insert import InsertClient, encode
from streams.warehouse.wire import encoder

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INT64 = st.integers(-(2**63), 2**63 - 1)
VALUES = {
    "UInt8": st.integers(0, 255),
    "UInt32": st.integers(0, 2**32 - 1),
    "UInt64": st.integers(0, 2**64 - 1),
    "Int64": INT64,
    "Float64": st.floats(allow_nan=False),
    "DateTime64(3, 'UTC')": INT64,
    "Nullable(DateTime64(3, 'UTC'))": st.none() | INT64,
    "Nullable(Float64)": st.none() | st.floats(allow_nan=False),
    "String": TEXT,
    "LowCardinality(String)": TEXT,
    "Array(String)": st.lists(TEXT, max_size=3),
    "Array(UInt32)": st.lists(st.integers(0, 2**32 - 1), max_size=3),
    "Map(String, String)": st.dictionaries(TEXT, TEXT, max_size=3),
    "FixedString(3)": st.sampled_from(["abc", "xyz"]),
}


class _Sent:
    def __init__(self) -> None:
        self.bytes = b""

    def sendall(self, part: bytes) -> None:
        self.bytes += bytes(part)


def _by_driver(type_: str, values: list[Any]) -> bytes:
    context = Context()
    context.client_settings = {"use_numpy": False, "strings_as_bytes": False}
    context.settings = {"use_client_time_zone": True}
    sent = _Sent()
    writer = BufferedSocketWriter(sent, 1 << 16)
    write_column(context, "c", type_, list(values), writer)
    writer.flush()
    return sent.bytes


@pytest.mark.parametrize("type_", VALUES)
@given(data=st.data())
def test_our_bytes_are_the_drivers(type_: str, data: st.DataObject) -> None:
    """The driver's own column classes are the reference for every type of our tables."""
    values = data.draw(st.lists(VALUES[type_], min_size=1, max_size=20))
    assert encoder(type_)(values) == _by_driver(type_, values)


@given(st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=20))
def test_sixteen_bytes_are_a_uuid(ids: list[bytes]) -> None:
    """Without a uuid.UUID per row."""
    assert encoder("UUID")(ids) == _by_driver("UUID", [uuid.UUID(bytes=id_) for id_ in ids])


def test_a_lone_surrogate_does_not_poison_the_batch() -> None:
    """It becomes a question mark; all other values stay."""
    assert encoder("String")(["a", "b\ud800c", "é"]) == _by_driver("String", ["a", "b?c", "é"])
    assert encoder("LowCardinality(String)")(["a", "\udfff"]) == _by_driver("LowCardinality(String)", ["a", "?"])


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("UInt8", [256]),
        ("UInt32", [-1]),
        ("UInt64", [2**64]),
        ("Int64", [None]),
        ("String", [None]),
        ("String", ["a", 1]),
        ("LowCardinality(String)", ["a", None]),
        ("LowCardinality(String)", [None]),
        ("UUID", [b"short"]),
        ("Float64", ["x"]),
        ("Array(String)", [None]),
        ("Map(String, String)", [{"k": None}]),
    ],
)
def test_what_does_not_fit_is_an_error(type_: str, values: list[Any]) -> None:
    """Never a wrapped number or a guess."""
    with pytest.raises((TypeError, ValueError, OverflowError, AttributeError)):
        encoder(type_)(values)


@pytest.mark.parametrize("distinct", [1, 255, 256, 257, 65_535, 65_536, 65_537])
def test_low_cardinality_keys_grow_with_the_dictionary(
    distinct: int, bare: Client, fresh: ClickHouseSettings, address: StoreAddress
) -> None:
    """One, two and four bytes a key, read back by the engine."""
    values = [f"value {number % distinct}" for number in range(distinct + 5)]
    bare.execute(f"CREATE DATABASE {fresh.database}")
    bare.execute(f"CREATE TABLE {fresh.database}.t (c LowCardinality(String)) ENGINE = MergeTree ORDER BY tuple()")
    inserter = InsertClient(**client_options(fresh, address.password))
    inserter.insert(fresh.database, encode("t", {"c": "LowCardinality(String)"}, [values]), {})
    inserter.disconnect()
    (read,) = bare.execute(f"SELECT c FROM {fresh.database}.t", columnar=True)
    assert list(read) == values
