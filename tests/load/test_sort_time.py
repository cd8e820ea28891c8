"""The time a line is sorted by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.load.sort_time import combined_time, segment_time
from streams.parse.combined import make_combined
from streams.records import ParsedEvent

T0 = 1_716_163_218_000
LINE = b'192.0.2.1 - - [20/May/2024:00:00:18 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8"'


@pytest.mark.parametrize(
    ("line", "time"),
    [
        pytest.param(LINE, T0, id="a line"),
        pytest.param(LINE[:-1], T0, id="open quote: the time still counts"),
        pytest.param(LINE[:43], T0, id="cut after the time"),
        pytest.param(LINE.replace(b"curl", b"\xff\0"), T0, id="odd bytes"),
        pytest.param(LINE.replace(b"20/May", b"30/Feb"), None, id="no such day"),
        pytest.param(b' "Mozilla/5.0"', None, id="an agent alone"),
        pytest.param(b"", None, id="blank"),
    ],
)
def test_combined_time(line: bytes, time: int | None) -> None:
    """The line's own time, wherever it can be read."""
    assert combined_time(line) == time


@pytest.mark.parametrize(
    ("line", "time"),
    [
        pytest.param(
            b'{"receivedAt":"2024-05-20T00:00:18Z","sentAt":"2024-05-20T00:00:17Z","timestamp":"2024-05-20T00:00:16Z"}',
            T0,
            id="receivedAt first",
        ),
        pytest.param(b'{"sentAt":"2024-05-20T00:00:18Z","timestamp":"2024-05-20T00:00:16Z"}', T0, id="sentAt second"),
        pytest.param(
            b'{"timestamp":"2024-05-20T00:00:18Z","originalTimestamp":"2024-05-20T00:00:16Z"}', T0, id="timestamp"
        ),
        pytest.param(b'{"originalTimestamp":"2024-05-20T00:00:18Z"}', T0, id="originalTimestamp last"),
        pytest.param(b'{"receivedAt":"soon","sentAt":"2024-05-20T00:00:18Z"}', T0, id="unreadable: the next"),
        pytest.param(b'{"receivedAt":null,"sentAt":"","timestamp":"2024-05-20T00:00:18Z"}', T0, id="null and empty"),
        pytest.param(b'{"receivedAt":"1890-01-01T00:00:00Z"}', None, id="out of range"),
        pytest.param(b'{"receivedAt":1716163218000}', None, id="a number"),
        pytest.param(b'{"type":"page"}', None, id="no time"),
        pytest.param(b"[]", None, id="an array"),
        pytest.param(b"{", None, id="broken"),
        pytest.param(b'{"receivedAt":"\xff"}', None, id="bad UTF-8"),
        pytest.param(b"[" * 100_000, None, id="depth bomb"),
        pytest.param(b"", None, id="blank"),
    ],
)
def test_segment_time(line: bytes, time: int | None) -> None:
    """receivedAt, else sentAt, else the event's own time."""
    assert segment_time(line) == time


pieces = st.sampled_from(
    [b" ", b"[", b"]", b'"', b"\xa0", b"\x85", b"20/May/2024:00:00:18 +0000", b"[21/May/2024:00:00:18 +0000]"]
)


@given(st.binary(), st.lists(pieces, max_size=6).map(b"".join))
def test_the_loader_and_the_parser_read_one_time(noise: bytes, user: bytes) -> None:
    """A line that parses is sorted by the time the parser finds."""
    combined_time(noise)  # never raises
    line = LINE.replace(b"- - ", b"- " + user + b" ")
    parsed = make_combined()(line, {})
    if isinstance(parsed, list):
        (event,) = parsed
        assert isinstance(event, ParsedEvent)
        assert event.collector_tstamp == combined_time(line)
