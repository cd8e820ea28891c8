"""Files as records in time order."""

import os
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError
from streams.keys import Keys
from streams.load import LoadRecord, end_record, sorted_records
from streams.settings import FileFormat

SHARED = Path(os.environ.get("THALWEG_SHARED", Path(__file__).parents[3] / "shared"))
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="the folder of real logs (THALWEG_SHARED) is not here")

KEYS = Keys(b"k" * 32)
T0 = 1_716_163_218_000


def line(second: int, name: str = "a") -> bytes:
    return f'192.0.2.1 - - [20/May/2024:00:00:{second:02} +0000] "GET /{name} HTTP/1.1" 200 5 "-" "curl/8"'.encode()


def load(
    folder: Path, *contents: bytes, format: FileFormat = "combined", app_id: str = "", chunk_bytes: int = 1 << 20
) -> list[LoadRecord]:
    paths = [folder / f"{n}.log" for n in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return list(sorted_records(paths, format, KEYS, app_id, folder, chunk_bytes=chunk_bytes))


def text(lines: Iterable[bytes]) -> bytes:
    return b"".join(one + b"\n" for one in lines)


def header(record: LoadRecord, name: str) -> bytes:
    return dict(record.headers)[name]


def test_lines_come_in_time_order(tmp_path: Path) -> None:
    """Records of all files are sorted by their lines' times, whatever the order of lines."""
    records = load(tmp_path, text([line(19), line(18)]), text([line(20), line(17)]))

    assert [record.value for record in records] == [line(17), line(18), line(19), line(20)]
    assert [record.tstamp for record in records] == [T0 - 1000, T0, T0 + 1000, T0 + 2000]


def test_headers(tmp_path: Path) -> None:
    """Format, time and id are set; the app where it is given."""
    (record,) = load(tmp_path, text([line(18)]))
    (of_app,) = load(tmp_path, text([line(18)]), app_id="shop")

    assert [name for name, _ in record.headers] == ["format", "collector_tstamp", "event_id"]
    assert header(record, "format") == b"combined"
    assert header(record, "collector_tstamp") == str(T0).encode()
    assert UUID(header(record, "event_id").decode()).version == 8
    assert header(of_app, "app_id") == b"shop"
    assert header(of_app, "event_id") == header(record, "event_id")


def test_event_id_is_keyed(tmp_path: Path) -> None:
    """Another secret gives another id: the id tells nothing about the line."""
    (ours,) = load(tmp_path, text([line(18)]))
    (theirs,) = sorted_records([tmp_path / "0.log"], "combined", Keys(b"x" * 32), "", tmp_path)

    assert header(ours, "event_id") != header(theirs, "event_id")


def test_identical_lines_of_one_file_have_ids_of_their_own(tmp_path: Path) -> None:
    """The k-th copy of a line in its file has the k-th id; the same line of another file has the same id."""
    records = load(tmp_path, text([line(18), line(18), line(19)]), text([line(18)]))
    ids = Counter(header(record, "event_id") for record in records if record.value == line(18))

    assert sorted(ids.values()) == [1, 2]


def test_identical_lines_without_time_are_counted_over_the_whole_file(tmp_path: Path) -> None:
    """Copies far apart, at different times, have different ids."""
    content = text([line(17), b"junk", line(18), b"junk", line(19), b"junk"])

    for chunk_bytes in (1, 1 << 20):
        records = [record for record in load(tmp_path, content, chunk_bytes=chunk_bytes) if record.value == b"junk"]
        assert [record.tstamp for record in records] == [T0 - 1000, T0, T0 + 1000]
        assert len({header(record, "event_id") for record in records}) == 3


@pytest.mark.parametrize(
    ("contents", "times"),
    [
        pytest.param(
            [[line(18), b"x", b"y", line(19), b"z"]], {b"x": T0, b"y": T0, b"z": T0 + 1000}, id="predecessor's"
        ),
        pytest.param([[b"x", b"y", line(18), line(17)]], {b"x": T0, b"y": T0}, id="first lines: the next one's"),
        pytest.param([[line(18)], [b"x", line(19)]], {b"x": T0 + 1000}, id="only within its file"),
        pytest.param([[line(19), line(18)], [b"x"]], {b"x": T0}, id="no time in its file: the earliest of all"),
        pytest.param([[b"x"], [b"y"]], {b"x": 0, b"y": 0}, id="no time anywhere"),
        pytest.param([[line(18), b""]], {b"": T0}, id="a blank line is a record"),
    ],
)
def test_time_of_lines_without_one(tmp_path: Path, contents: list[list[bytes]], times: dict[bytes, int]) -> None:
    """A line without a readable time takes its neighbour's."""
    records = load(tmp_path, *map(text, contents))

    assert {record.value: record.tstamp for record in records if record.value in times} == times


def test_input_without_any_time_gets_none(tmp_path: Path) -> None:
    """No header ``collector_tstamp``: nobody invents one."""
    (tmp_path / "x").write_bytes(b"no time here")

    (record,) = sorted_records([tmp_path / "x"], "combined", KEYS, "", tmp_path)

    assert record.tstamp == 0
    assert "collector_tstamp" not in dict(record.headers)


def test_segment_lines(tmp_path: Path) -> None:
    """Messages are sorted by receivedAt, else sentAt, else their own time."""
    first = b'{"timestamp":"2024-05-20T00:00:17Z"}'
    second = b'{"sentAt":"2024-05-20T00:00:18Z","timestamp":"2024-05-20T00:00:30Z"}'
    third = b'{"receivedAt":"2024-05-20T00:00:19Z","sentAt":"2024-05-20T00:00:10Z"}'

    records = load(tmp_path, text([third, first, second]), format="segment")

    assert [record.value for record in records] == [first, second, third]
    assert header(records[0], "format") == b"segment"


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    """No file, and an empty file, give no record."""
    assert load(tmp_path) == []
    assert load(tmp_path, b"") == []


def test_too_long_line_still_arrives(tmp_path: Path) -> None:
    """A line beyond every limit comes cut, with its time, for its parser to refuse."""
    huge = line(18, "x" * (1 << 20))

    first, second = load(tmp_path, text([huge, line(19)]), chunk_bytes=1)

    assert first.value == huge[: (1 << 19) + 1]
    assert (first.tstamp, second.value) == (T0, line(19))


def test_missing_file_is_refused_at_the_call(tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(ConfigError, match="nowhere"):
        sorted_records([tmp_path / "nowhere"], "combined", KEYS, "", tmp_path)


def test_end_record() -> None:
    """The end says so in a header, and holds the time it is given."""
    assert end_record() == LoadRecord(b"", 0, [("control", b"end"), ("collector_tstamp", b"0")])
    assert end_record(T0).tstamp == T0


lines = st.lists(st.builds(line, st.integers(0, 3), st.sampled_from("ab")) | st.sampled_from([b"x", b""]), max_size=8)
timed_lines = st.lists(st.builds(line, st.integers(0, 3), st.sampled_from("ab")), max_size=12)


@given(contents=st.lists(lines, max_size=4), chunk_bytes=st.sampled_from([1, 600, 1 << 20]), random=st.randoms())
def test_any_order_of_files_gives_the_same(
    contents: list[list[bytes]], chunk_bytes: int, random: random.Random
) -> None:
    """Files in another order, and another chunk size: the same records, as a multiset and in time order."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        before = load(folder, *map(text, contents))
        random.shuffle(contents)
        after = load(folder, *map(text, contents), chunk_bytes=chunk_bytes)

    assert Counter(map(repr, after)) == Counter(map(repr, before))
    assert [(record.tstamp, record.value) for record in after] == [(record.tstamp, record.value) for record in before]
    assert [record.tstamp for record in after] == sorted(record.tstamp for record in after)


@given(content=timed_lines, chunk_bytes=st.sampled_from([1, 600, 1 << 20]), random=st.randoms())
def test_any_order_of_lines_gives_the_same(content: list[bytes], chunk_bytes: int, random: random.Random) -> None:
    """Lines that hold a time, in another order: exactly the same records."""
    with TemporaryDirectory() as name:
        before = load(Path(name), text(content))
        random.shuffle(content)

        assert load(Path(name), text(content), chunk_bytes=chunk_bytes) == before


@needs_shared
def test_real_files_in_any_order(tmp_path: Path) -> None:
    """The nine erddap files, newest first as they are named: any order and any chunk gives equal records."""
    paths = sorted((SHARED / "data/access_erddap_anon").glob("tomcat-access.log.*"))
    records = list(sorted_records(paths, "combined", KEYS, "", tmp_path))
    events = [record for record in records if record.value[:1] != b" "]

    assert (len(records), len(events)) == (16_275, 10_479)
    assert len({header(record, "event_id") for record in events}) == 10_479
    for seed in range(2):
        random.Random(seed).shuffle(paths)
        again = list(sorted_records(paths, "combined", KEYS, "", tmp_path, chunk_bytes=200_000))
        assert again == records


@needs_shared
def test_real_lines_in_any_order(tmp_path: Path) -> None:
    """All lines of the nine files shuffled into one: every event has its time and its id as before."""
    paths = sorted((SHARED / "data/access_erddap_anon").glob("tomcat-access.log.*"))
    content = [one for path in paths for one in path.read_bytes().split(b"\n")[:-1]]
    before = [record for record in sorted_records(paths, "combined", KEYS, "", tmp_path) if record.value[:1] != b" "]
    random.Random(1).shuffle(content)

    after = load(tmp_path, text(content), chunk_bytes=500_000)

    assert [record for record in after if record.value[:1] != b" "] == before
    assert len(after) == len(content)
