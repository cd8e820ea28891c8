import datetime as dt
import ipaddress
import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.warehouse.embedded.types import layout_of, split_arguments
from streams.warehouse.embedded.wire import FrameError, reader_of

UTC = dt.UTC
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)
MOMENT = dt.datetime(2024, 2, 29, 12, 30, 15, 250_000, tzinfo=UTC)

VALUES: list[tuple[str, list[object]]] = [
    *((f"Int{bits}", [-(2 ** (bits - 1)), 0, 2 ** (bits - 1) - 1]) for bits in (8, 16, 32, 64, 128, 256)),
    *((f"UInt{bits}", [0, 1, 2**bits - 1]) for bits in (8, 16, 32, 64, 128, 256)),
    ("Float32", [0.0, -1.5, 2.0**100]),
    ("Float64", [0.1, -1e308, float("inf")]),
    ("Bool", [True, False, True]),
    ("String", ["", "ü" * 200, "a\0b"]),
    ("FixedString(4)", ["abcd", "äö", "wxyz"]),
    ("Date", [dt.date(1970, 1, 1), dt.date(2024, 2, 29), dt.date(2149, 6, 6)]),
    ("Date32", [dt.date(1900, 1, 1), dt.date(2024, 2, 29), dt.date(2299, 12, 31)]),
    ("DateTime('UTC')", [MOMENT.replace(microsecond=0)] * 3),
    ("DateTime64(3, 'UTC')", [MOMENT, dt.datetime(1968, 2, 29, tzinfo=UTC), MOMENT]),
    ("DateTime64(6, 'UTC')", [MOMENT.replace(microsecond=123_456)] * 3),
    ("UUID", [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID(int=77 << 70)]),
    ("IPv4", [ipaddress.IPv4Address("192.0.2.1")] * 3),
    ("IPv6", [ipaddress.IPv6Address("2001:db8::1")] * 3),
    ("Nullable(DateTime64(3, 'UTC'))", [None, MOMENT, None]),
    ("Nullable(String)", ["x", None, ""]),
    ("Array(String)", [[], ["a", ""], ["b"]]),
    ("Array(UInt32)", [[], [1, 2, 3], []]),
    ("Array(Array(Nullable(Int8)))", [[[], [1, None]], [], [[2]]]),
    ("Array(LowCardinality(String))", [["a", "b", "a"], [], ["c"]]),
    ("Map(String, String)", [{}, {"a": "1", "b": ""}, {"c": "3"}]),
    ("Map(LowCardinality(String), Array(UInt8))", [{"k": [1]}, {}, {"l": []}]),
    ("Tuple(Int8, String)", [(1, "a"), (2, ""), (3, "c")]),
    ("Tuple(n Decimal(10, 2), `o p` LowCardinality(String))", [(Decimal("1.25"), "a"), (Decimal(0), "")]),
    ("LowCardinality(String)", ["a", "b", "a"]),
    ("LowCardinality(Nullable(String))", [None, "b", ""]),
    ("Enum8('it\\'s' = -3, 'a' = 1, 'b, (c' = 2)", ["a", "b, (c", "it's"]),
    ("Enum16('y' = -300, 'x' = 300)", ["x", "y", "x"]),
    ("Decimal(9, 3)", [Decimal("1.125"), Decimal("-999999.999"), Decimal(0)]),
    ("Decimal(18, 3)", [Decimal("1.125"), Decimal("-99999999.999"), Decimal(0)]),
    ("Decimal(38, 3)", [Decimal("1.125"), Decimal("-9999999999999.999"), Decimal(0)]),
    ("Decimal(76, 3)", [Decimal("1.125"), Decimal("-9999999999999.999"), Decimal(0)]),
    ("SimpleAggregateFunction(sum, Int64)", [1, -2, 3]),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "values"), VALUES, ids=[spec for spec, _ in VALUES])
def test_values_of_every_type_come_back_with_their_type(client: Client, spec: str, values: list[object]) -> None:
    """Between two String columns, so that a wrong width would shift what follows; as rows and as columns."""
    client.execute(f"CREATE TABLE t (n UInt8, a String, v {spec}, z String) ENGINE = MergeTree ORDER BY n")
    client.execute("INSERT INTO t VALUES", [(n, "before", value, f"after{n}") for n, value in enumerate(values)])
    rows, columns = client.execute("SELECT * FROM t ORDER BY n", with_column_types=True)
    assert rows == [(n, "before", value, f"after{n}") for n, value in enumerate(values)]
    assert columns[2] == ("v", spec)
    assert client.execute("SELECT v FROM t ORDER BY n", columnar=True) == [tuple(values)]
    assert client.execute("SELECT v FROM t WHERE n > 9", with_column_types=True) == ([], [("v", spec)])


def test_strings_as_bytes_store_the_same_text(client: Client) -> None:
    """The sink sends encoded bytes in columns; what is not UTF-8 is kept byte for byte."""
    client.execute("CREATE TABLE t (n UInt8, s String, a Array(String), m Map(String, String)) ENGINE = Memory")
    columns = [[1, 2], ["ü".encode(), b"\xff\0"], [[b"a"], []], [{b"k": b"v"}, {}]]
    client.execute("INSERT INTO t VALUES", columns, columnar=True, settings={"strings_as_bytes": True})
    read = client.execute("SELECT s, a, m FROM t ORDER BY n", columnar=True, settings={"strings_as_bytes": True})
    assert read == [("ü".encode(), b"\xff\0"), ([b"a"], []), ({b"k": b"v"}, {})]
    assert client.execute("SELECT s FROM t WHERE n = 1") == [("ü",)]


_KEYS = st.text(st.characters(codec="utf-8"), max_size=200)
_ROWS = st.lists(
    st.tuples(
        _KEYS,
        st.dictionaries(_KEYS, _KEYS, max_size=4),
        st.lists(_KEYS, max_size=5),
        st.none() | st.integers(0, 2**42).map(lambda ms: EPOCH + dt.timedelta(milliseconds=ms)),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False),
        st.none() | _KEYS,
        st.uuids(),
    ),
    min_size=1,
    max_size=40,
)  # fmt: skip


@given(rows=_ROWS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rows_of_our_types_come_back(client: Client, rows: list[tuple[object, ...]]) -> None:
    """Whatever the values: text of any kind, all of Int64."""
    client.execute("DROP TABLE IF EXISTS t")
    client.execute(
        "CREATE TABLE t (n UInt32, s String, m Map(String, String), a Array(String), d Nullable(DateTime64(3, 'UTC')), "
        "i Int64, f Float64, l LowCardinality(Nullable(String)), u UUID) ENGINE = Memory"
    )
    sent = [(n, *row) for n, row in enumerate(rows)]
    client.execute("INSERT INTO t VALUES", sent)
    assert client.execute("SELECT * FROM t ORDER BY n") == sent


def test_zones_are_kept_where_the_engine_forgets_them(client: Client) -> None:
    """Format Native at revision 0 names a zoned DateTime just `DateTime`; the second block must be mended too."""
    query = "SELECT toDateTime(number, 'Asia/Tokyo') AS t, toString(number) AS s FROM numbers(200000)"
    rows, columns = client.execute(query, with_column_types=True)
    assert columns == [("t", "DateTime('Asia/Tokyo')"), ("s", "String")]
    assert len(rows) == 200_000
    assert rows[-1][0].isoformat() == "1970-01-03T16:33:19+09:00"
    assert {row[0].utcoffset() for row in rows} == {dt.timedelta(hours=9)}


def test_a_type_that_is_not_carried_is_refused_by_name(client: Client, connect: Callable[..., Client]) -> None:
    """Its bytes cannot be walked, so the connection ends; nothing is stored, and a new client works."""
    client.execute("CREATE TABLE t (v JSON) ENGINE = Memory")
    with pytest.raises(ServerException) as refused:
        client.execute("INSERT INTO t VALUES", [({"a": 1},)])
    assert refused.value.code == 48
    assert "JSON" in refused.value.message
    assert connect().execute("SELECT count() FROM t") == [(0,)]


@pytest.mark.parametrize(
    "spec",
    ["", "Strin", "FixedString(0)", "FixedString(x)", "Array()", "Map(String)", "Array(" * 60 + "Int8" + ")" * 60,
     "Nullable(String", "Tuple()", "a b", "'", "Decimal(99, 2)", "AggregateFunction(sum, Int8)", "x" * 70_000],
)  # fmt: skip
def test_an_odd_type_is_refused(spec: str) -> None:
    """A name from a client is never taken on trust: no crash, no endless recursion, no width of zero."""
    with pytest.raises(FrameError) as refused:
        layout_of(spec).pass_column(reader_of(bytes(64)), 1)
    assert refused.value.code == 48


def test_arguments_part_at_outer_commas_only() -> None:
    """Commas in brackets, strings and quoted names belong to the argument."""
    assert split_arguments("a, f(b, c), 'd,)(', `e,f` Int8") == ["a", "f(b, c)", "'d,)('", "`e,f` Int8"]
