"""Files of lines as raw records in time order, each with an event id that names the line and no place.

Two sorts with bounded memory. The lines without a readable time are first sorted by line, to count identical ones; then
all are sorted by (time, line), where identical lines stand together. So the outcome depends on what the files hold, and
not on the order of files; nor, for lines that hold a time, on the order of lines.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from streams.keys import Keys
from streams.load.external_sort import Entry, ExternalSort
from streams.load.lines import check_readable, file_lines
from streams.load.raw_line import MAX_BYTES as RECORD_BYTES
from streams.load.raw_line import raw_record
from streams.load.record import LoadRecord
from streams.load.sort_time import SORT_TIMES, SortTime
from streams.parse.result import MAX_BYTES
from streams.settings import FileFormat

CHUNK_BYTES = 64 << 20
LINE_BYTES: Mapping[FileFormat, int] = {
    "combined": MAX_BYTES,
    "segment": MAX_BYTES,
    "snowplow": RECORD_BYTES,
    "records": RECORD_BYTES * 3 // 2,
}
"""Longest line read whole; base64 takes four thirds of its bytes."""
_UNKNOWN = -1
"""Time of a file's first lines, as long as no line with a readable time has come; of all lines, where none does."""
_UNCOUNTED = 0


class _FileTimes(NamedTuple):
    """The time of the first line that has one, and the earliest."""

    first: int
    earliest: int


class _Reading(NamedTuple):
    """How the lines of a format are read."""

    time_of: SortTime
    max_bytes: int


def sorted_records(
    files: Sequence[Path],
    format: FileFormat,
    keys: Keys,
    app_id: str,
    tmp_dir: Path,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[LoadRecord]:
    """Every line of the files as one record, in (time, line) order.

    A line without a readable time takes its predecessor's in its file, a file's first lines the next readable one's, a
    file without any the earliest of all files. Input without any time at all has none: its records are refused later.

    Headers: ``format``, ``app_id`` (unless empty), ``collector_tstamp`` (that time, if any), ``event_id``: a keyed UUID
    of (line, this is the k-th identical line of its file); so one file loaded twice gives each id twice.
    Two sorts hold ``chunk_bytes`` each at most; the rest lies in ``tmp_dir``. All files are read before the first
    record comes.

    Raises ConfigError, at the call where a file is missing, at the first record where it proves damaged.
    """
    for path in files:
        check_readable(path)
    reading = _Reading(SORT_TIMES[format], LINE_BYTES[format])
    return _records(files, reading, _record_maker(format, keys, app_id), tmp_dir, chunk_bytes)


def _records(
    files: Sequence[Path],
    reading: _Reading,
    make_record: Callable[[int, bytes, int], LoadRecord],
    tmp_dir: Path,
    chunk_bytes: int,
) -> Iterator[LoadRecord]:
    with ExitStack() as stack:
        timed = stack.enter_context(ExternalSort(tmp_dir, chunk_bytes))
        timeless = stack.enter_context(ExternalSort(tmp_dir, chunk_bytes))
        found = [_read_file(path, n, reading, timed, timeless) for n, path in enumerate(files)]
        earliest = min((times.earliest for times in found if times), default=_UNKNOWN)
        for entry in _numbered(timeless, [times.first if times else earliest for times in found]):
            timed.add(entry)
        for time, line, k in _counted(timed):
            yield make_record(time, line, k)


def _read_file(
    path: Path, file: int, reading: _Reading, timed: ExternalSort, timeless: ExternalSort
) -> _FileTimes | None:
    """Puts each line into its sort; gives the file's times, None where no line has one."""
    first = earliest = before = _UNKNOWN
    for line in file_lines(path, reading.max_bytes):
        time = reading.time_of(line)
        if time is None:
            timeless.add(Entry(file, line, before, 0))
            continue
        timed.add(Entry(time, line, file, _UNCOUNTED))
        if before == _UNKNOWN:
            first = earliest = time
        elif time < earliest:
            earliest = time
        before = time
    return None if before == _UNKNOWN else _FileTimes(first, earliest)


def _numbered(timeless: Iterable[Entry], firsts: Sequence[int]) -> Iterator[Entry]:
    """Lines without a time, in (file, line) order, as entries of the sort by time, with their k."""
    for (file, line), copies in groupby(timeless, key=lambda entry: (entry[0], entry[1])):
        for k, entry in enumerate(copies, 1):
            time = entry[2]
            yield Entry(firsts[file] if time == _UNKNOWN else time, line, file, k)


def _counted(timed: Iterable[Entry]) -> Iterator[tuple[int, bytes, int]]:
    """(time, line, k) of each entry; identical lines of one file stand together."""
    before = (_UNKNOWN, b"", _UNKNOWN)
    count = 0
    for time, line, file, k in timed:
        here = (time, line, file)
        count = count + 1 if here == before else 1
        before = here
        yield time, line, k or count


def _record_maker(format: FileFormat, keys: Keys, app_id: str) -> Callable[[int, bytes, int], LoadRecord]:
    uuid = keys.uuid("line")
    fixed = [("format", format.encode())]
    if app_id:
        fixed.append(("app_id", app_id.encode()))

    def make_record(time: int, line: bytes, k: int) -> LoadRecord:
        name = uuid(b"%d:%b" % (k, line)).hex()
        event_id = f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}".encode()
        ours = (
            [("event_id", event_id)]
            if time == _UNKNOWN
            else [("collector_tstamp", b"%d" % time), ("event_id", event_id)]
        )
        record = raw_record(line) if format == "records" else None
        if record is None:
            return LoadRecord(line[: RECORD_BYTES + 1], max(time, 0), [*fixed, *ours])
        value, told = record
        headers = dict([*fixed[1:], *ours]) | {key: text.encode() for key, text in told.items()}
        return LoadRecord(value, max(time, 0), list(headers.items()))

    return make_record
