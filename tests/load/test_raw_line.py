"""Lines of a records file."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.keys import Keys
from streams.load import LoadRecord, sorted_records
from streams.load.raw_line import raw_record
from streams.load.sort_time import record_time, segment_time, snowplow_time
from tests.property.poison import body, collector_payload, tp2


@given(st.binary(max_size=60), st.dictionaries(st.text("abc_", min_size=1), st.text(max_size=9), max_size=3))
def test_any_bytes_come_through_base64(value: bytes, headers: dict[str, str]) -> None:
    """What an archive holds is what is loaded."""
    line = json.dumps({"headers": headers, "value_base64": base64.b64encode(value).decode()})

    assert raw_record(line.encode()) == (value, headers)


@pytest.mark.parametrize(
    "line",
    [
        "", "{", "[]", "1", '{"value":1}', '{"value_base64":"%"}', '{"value":"a","value_base64":""}', '{"vaule":"a"}',
        '{"headers":[]}', '{"value":"\\ud800"}', "[" * 99, json.dumps({"value": "x" * 1_000_001}),
        json.dumps({"headers": {"a": "x" * 1_000_001}}),
    ],
)  # fmt: skip
def test_what_is_no_record(line: str) -> None:
    """Not JSON, another shape, too large for a record."""
    assert raw_record(line.encode()) is None


def load(folder: Path, *lines: str) -> list[LoadRecord]:
    file = folder / "records.jsonl"
    file.write_text("".join(line + "\n" for line in lines))
    return list(sorted_records([file], "records", Keys(b"k" * 32), "shop", folder))


def test_records_keep_their_headers_and_are_sorted(tmp_path: Path) -> None:
    """A record's own headers go before the loader's; its end marks are not obeyed; a broken line is loaded as it is."""
    first = {
        "headers": {"format": "snowplow", "app_id": "own", "collector_tstamp": 1000, "event_id": "e"},
        "value": "e=pv",
    }
    second = {"headers": {"control": "end", "collector_tstamp": "2000"}, "value": "x"}
    records = load(tmp_path, json.dumps(second), json.dumps(first), "{")
    broken, own, control = [dict(record.headers) for record in records]

    assert [(record.value, record.tstamp) for record in records] == [(b"{", 1000), (b"e=pv", 1000), (b"x", 2000)]
    assert (own["format"], own["app_id"], own["event_id"]) == (b"snowplow", b"own", b"e")
    assert control.keys() == {"app_id", "collector_tstamp", "event_id"}
    assert (broken["format"], broken["app_id"]) == (b"records", b"shop")


@pytest.mark.parametrize(
    ("headers", "value", "tstamp"),
    [
        ({"collector_tstamp": "5000"}, b"", 5000),
        ({"format": "snowplow"}, body(tp2(stm="7000", dtm="6000"), tp2(stm="1")), 7000),
        ({"path": "/i"}, b"e=pv&dtm=6000", 6000),
        ({"path": "/i?e=pv&ttm=6500"}, b"", 6500),
        ({"path": "/v1/batch"}, b'{"batch":[{"timestamp":"1970-01-01T00:00:09Z"}]}', 9000),
        ({"format": "snowplow-thrift"}, collector_payload(timestamp=8000), 8000),
        ({"format": "nothing"}, b"", None),
        ({}, b"", None),
    ],
)
def test_time_of_a_record(headers: dict[str, str], value: bytes, tstamp: int | None) -> None:
    """The header's, else its format's."""
    line = json.dumps({"headers": headers, "value_base64": base64.b64encode(value).decode()}).encode()

    assert record_time(line) == tstamp


@given(st.binary(max_size=80))
def test_times_of_any_bytes(line: bytes) -> None:
    """Nothing raises."""
    for read in (record_time, segment_time, snowplow_time):
        assert read(line) is None or isinstance(read(line), int)
