"""Log lines to events."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.load.sort_time import combined_time
from streams.outcome import Dead, Reason
from streams.parse.combined import MAX_LINE, make_combined
from streams.parse.result import Empty, Parsed
from streams.records import ParsedEvent
from tests.parse.real_logs import needs_shared, real_lines

parse = make_combined()
LINE = b'192.0.2.1 - - [20/May/2024:00:00:18 +0000] "GET /a?b=%20c HTTP/1.1" 200 512 "https://ref.example/" "curl/8"'


def line(request: str = "GET / HTTP/1.1", status: str = "200", rest: str = '"-" "curl/8"') -> bytes:
    return f'192.0.2.1 - - [20/May/2024:00:00:18 +0000] "{request}" {status} 512 {rest}'.encode()


def one(parsed: Parsed) -> ParsedEvent:
    assert isinstance(parsed, list)
    (event,) = parsed
    assert isinstance(event, ParsedEvent)
    return event


def test_all_fields_of_a_line() -> None:
    """Every field goes where the docstring says."""
    assert parse(LINE, {"app_id": "shop", "event_id": "e1", "ip": "198.51.100.7"}) == [
        ParsedEvent(
            app_id="shop",
            event="page_view",
            event_name="page_view",
            event_id="e1",
            collector_tstamp=1_716_163_218_000,
            ip="192.0.2.1",
            useragent="curl/8",
            page_url="/a?b=%20c",
            page_referrer="https://ref.example/",
            properties={"http_method": "GET", "http_status": "200", "http_bytes": "512"},
        )
    ]


@pytest.mark.parametrize(
    ("request_text", "status", "event"),
    [
        pytest.param("GET / HTTP/1.1", "200", "page_view", id="a page"),
        pytest.param("GET / HTTP/1.1", "304", "page_view", id="not modified"),
        pytest.param("GET / HTTP/1.1", "399", "page_view", id="the last good status"),
        pytest.param("GET / HTTP/1.1", "400", "request", id="the first bad status"),
        pytest.param("GET / HTTP/2.0", "200", "page_view", id="HTTP/2"),
        pytest.param("HEAD / HTTP/1.1", "200", "request", id="HEAD"),
        pytest.param("POST / HTTP/1.1", "200", "request", id="POST"),
        pytest.param("get / HTTP/1.1", "200", "request", id="methods are case-sensitive"),
        pytest.param("GET /style.css HTTP/1.1", "200", "request", id="css"),
        pytest.param("GET /a/B.JPG?v=1 HTTP/1.1", "200", "request", id="upper case, with query"),
        pytest.param("GET /robots.txt HTTP/1.1", "200", "request", id="robots"),
        pytest.param("GET /favicon.ico HTTP/1.1", "200", "request", id="icon"),
        pytest.param("GET /a.css/b HTTP/1.1", "200", "page_view", id="extension of a folder"),
        pytest.param("GET /css HTTP/1.1", "200", "page_view", id="no extension"),
        pytest.param("GET /?f=a.css HTTP/1.1", "200", "page_view", id="extension in the query"),
        pytest.param("GET /data.csv HTTP/1.1", "200", "page_view", id="data is a page"),
        pytest.param("GET http://host.txt HTTP/1.1", "200", "page_view", id="absolute, the host's ending"),
        pytest.param("GET http://h.example/a.png HTTP/1.1", "200", "request", id="absolute, an image"),
    ],
)
def test_page_view_or_request(request_text: str, status: str, event: str) -> None:
    """A page view is a good GET of no static asset."""
    parsed = one(parse(line(request_text, status), {}))

    assert (parsed.event, parsed.event_name) == (event, event)


@pytest.mark.parametrize(
    ("request_text", "method", "target"),
    [
        pytest.param("GET /a b HTTP/1.1", "GET", "/a b", id="a space in the target"),
        pytest.param("GET http://h.example/x?y HTTP/1.1", "GET", "http://h.example/x?y", id="absolute"),
        pytest.param("OPTIONS * HTTP/1.0", "OPTIONS", "*", id="asterisk"),
        pytest.param(r"GET /a\"b\\c HTTP/1.1", "GET", r"/a\"b\c".replace(r"\"", '"'), id="escaped quote and backslash"),
        pytest.param(r"GET /\xc3\xa4%C3%A4 HTTP/1.1", "GET", "/ä%C3%A4", id="bytes by the server, URL escapes stay"),
        pytest.param(r"GET /\xe4\x00 HTTP/1.1", "GET", r"/\xe4\x00", id="escapes of no text stay"),
        pytest.param("-", "", "", id="a dash"),
        pytest.param("", "", "", id="empty"),
        pytest.param(r"\x16\x03\x01", "", "", id="TLS"),
        pytest.param("GET /", "", "", id="without protocol"),
        pytest.param("GET  HTTP/1.1", "", "", id="without target"),
    ],
)
def test_request(request_text: str, method: str, target: str) -> None:
    """Method and target are as sent; an odd request is still a line."""
    parsed = one(parse(line(request_text), {}))

    assert (parsed.properties["http_method"], parsed.page_url) == (method, target)
    assert parsed.event == ("page_view" if method == "GET" else "request")


@pytest.mark.parametrize(
    ("rest", "useragent", "referrer", "extra"),
    [
        pytest.param('"-" "-"', "-", "", {}, id="dashes: the agent's stays for the visitor"),
        pytest.param('"" ""', "", "", {}, id="empty"),
        pytest.param('"r" "a" "b" "c"', "a", "r", {"extra_1": "b", "extra_2": "c"}, id="further fields"),
        pytest.param('"r" "-" "curl"', "-", "r", {"extra_1": "curl"}, id="the second is the agent, whatever it is"),
        pytest.param('"r" "a" "-" "c"', "a", "r", {"extra_2": "c"}, id="a dash among further fields"),
        pytest.param('"r" "a" 0.12 "c" x=1', "a", "r", {"extra_1": "c"}, id="unquoted fields are let go"),
        pytest.param('"r" "a" uct="0.1 s" "c"', "a", "r", {"extra_1": "c"}, id="named fields are let go"),
        pytest.param(r'"r" "say \"hi\" \\"', 'say "hi" \\', "r", {}, id="escaped quotes"),
        pytest.param('"r" "a"  ', "a", "r", {}, id="spaces at the end"),
        pytest.param('"r" "a"\r\n', "a", "r", {}, id="line end"),
    ],
)
def test_quoted_fields(rest: str, useragent: str, referrer: str, extra: dict[str, str]) -> None:
    """First the referrer, second the user agent, further ones into properties."""
    parsed = one(parse(line(rest=rest), {}))

    assert (parsed.useragent, parsed.page_referrer) == (useragent, referrer)
    assert {key: text for key, text in parsed.properties.items() if key.startswith("extra")} == extra


@pytest.mark.parametrize("first", ["2001:db8::1", "host.example", "-", "192.0.2.1"])
def test_first_field(first: str) -> None:
    """Addresses of any kind, hostnames and a dash are kept as they are."""
    assert one(parse(LINE.replace(b"192.0.2.1", first.encode(), 1), {})).ip == first


def test_user_name_is_not_kept() -> None:
    """The name of who logged in, spaces and brackets included, is in no field."""
    parsed = one(parse(LINE.replace(b"- - [", b"- jane [x] doe [", 1), {}))

    assert parsed == one(parse(LINE, {}))


def test_bytes_that_are_no_text() -> None:
    """They are read as the servers write them."""
    assert one(parse(LINE.replace(b"curl", b"\xe4\xff"), {})).useragent == r"\xe4\xff/8"


def test_first_time_counts() -> None:
    """A time further on in the line is only text."""
    later = LINE.replace(b"curl", b"x [21/May/2024:00:00:18 +0000]")

    assert one(parse(later, {})).collector_tstamp == 1_716_163_218_000


def test_no_bytes_count() -> None:
    """A dash for the size is no property."""
    assert "http_bytes" not in one(parse(LINE.replace(b" 512 ", b" - "), {})).properties


@pytest.mark.parametrize("value", [b"", b" ", b"\r\n", b"\t"])
def test_blank_line(value: bytes) -> None:
    """A blank line is an empty record."""
    assert parse(value, {}) == Empty(Reason.BLANK)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(b' "Mozilla/5.0"', Reason.SYNTAX, id="an agent alone"),
        pytest.param(LINE[:-1], Reason.SYNTAX, id="open quote"),
        pytest.param(LINE[:-1] + rb"\"", Reason.SYNTAX, id="the last quote is escaped"),
        pytest.param(LINE + b' "x', Reason.SYNTAX, id="open further quote"),
        pytest.param(LINE + b"x", Reason.SYNTAX, id="glued text"),
        pytest.param(LINE.replace(b" 200 ", b" 20 "), Reason.SYNTAX, id="short status"),
        pytest.param(LINE.replace(b" 200 ", b" abc "), Reason.SYNTAX, id="no status"),
        pytest.param(LINE[: LINE.index(b' "curl')], Reason.SYNTAX, id="no agent"),
        pytest.param(LINE.replace(b"20/May", b"32/May"), Reason.TIME_UNREADABLE, id="no such day"),
        pytest.param(LINE.replace(b"20/May/2024:00", b"2024-15-20T00"), Reason.TIME_UNREADABLE, id="no ISO month"),
        pytest.param(LINE.replace(b"curl", b"cu\0rl"), Reason.ENCODING, id="NUL"),
        pytest.param(b"\0" * 9, Reason.ENCODING, id="a hole in the file"),
        pytest.param(LINE + b" " * MAX_LINE, Reason.TOO_LARGE, id="too long"),
        pytest.param(b"{}", Reason.SYNTAX, id="JSON"),
    ],
)
def test_dead(value: bytes, reason: Reason) -> None:
    """What is no combined line is dead, with its reason."""
    verdict = parse(value, {})

    assert isinstance(verdict, Dead)
    assert verdict.reason is reason


def test_longest_line() -> None:
    """A line of exactly the limit is read."""
    assert one(parse(LINE.ljust(MAX_LINE), {})).useragent == "curl/8"


parts = st.sampled_from(
    [b'"', b"\\", b" ", b"[", b"]", LINE, LINE[:43], b"20/May/2024:00:00:18 +0000", b"200 1", b"\0", b"\xff"]
)


@given(st.binary() | st.lists(parts | st.binary(max_size=4), max_size=12).map(b"".join))
def test_any_bytes_give_a_verdict(value: bytes) -> None:
    """Nothing raises; every text of an event can be stored as UTF-8, without NUL."""
    parsed = parse(value, {})

    if isinstance(parsed, list):
        event = one(parsed)
        for text in (event.ip, event.useragent, event.page_url, event.page_referrer, *event.properties.values()):
            assert "\0" not in text.encode().decode()


@pytest.mark.parametrize(
    "value",
    [
        b'a b [20/May/2024:00:00:18 +0000] "' * 1500,
        b"a b " + b"[" * 65_000,
        b"a b " + b" [20/May/2024:00:00:18 +0000]" * 2000,
        LINE + b' "x" y' * 10_000 + b' "',
        LINE[:60] + b"\\" * 65_000,
    ],
)
def test_hostile_line_is_read_in_one_pass(value: bytes) -> None:
    """No line makes the reader go back over it (this test would hang, it measures nothing)."""
    assert isinstance(parse(value, {}), Dead)


def sessions(events: list[ParsedEvent], gap_ms: int, same_at_gap: bool) -> tuple[int, int]:
    """(visitors, sessions) by gaps and islands over (ip, useragent)."""
    by_visitor: dict[tuple[str, str], list[int]] = {}
    for event in events:
        by_visitor.setdefault((event.ip, event.useragent), []).append(event.collector_tstamp or 0)
    gaps = [b - a for times in by_visitor.values() for a, b in pairwise(sorted(times))]
    breaks = sum(gap > gap_ms if same_at_gap else gap >= gap_ms for gap in gaps)
    return len(by_visitor), len(by_visitor) + breaks


@needs_shared
def test_real_lines_of_erddap() -> None:
    """Production lines of nine files: events, dead lines, visitors and sessions are those of the reference."""
    parsed = [parse(value, {}) for value in real_lines("access_erddap_anon/tomcat-access.log.*")]
    events = [one(found) for found in parsed if isinstance(found, list)]
    dead = [found for found in parsed if isinstance(found, Dead)]

    assert (len(parsed), len(events), len(dead)) == (16_275, 10_479, 5_796)
    assert {found.reason for found in dead} == {Reason.SYNTAX}
    assert sum("extra_1" in event.properties for event in events) == 85
    assert sessions(events, 1_800_000, same_at_gap=True) == (918, 1_726)
    assert sessions(events, 1_800_000, same_at_gap=False) == (918, 1_733)


@needs_shared
def test_real_lines_of_elastic() -> None:
    """10,000 published lines: all but the one with an open quote."""
    parsed = [parse(value, {}) for value in real_lines("access_elastic_semicomplete/apache_logs")]
    events = [one(found) for found in parsed if isinstance(found, list)]
    (dead,) = [number for number, found in enumerate(parsed, 1) if isinstance(found, Dead)]

    assert (len(events), dead) == (9_999, 8_899)
    assert sessions(events, 1_800_000, same_at_gap=True) == (1_861, 3_223)
    assert not [event for event in events if re.search(r"\\x(?:[0-7])", event.useragent)]


COMMON = b'192.0.2.1 - - [20/May/2024:00:00:18 +0000] "GET /p HTTP/1.1" 200 5'


@pytest.mark.parametrize(
    ("value", "ip", "url"),
    [
        (b"shop.example:443 " + COMMON, "192.0.2.1", "https://shop.example/p"),
        (b"shop.example:80 " + COMMON, "192.0.2.1", "http://shop.example/p"),
        (b"[2001:db8::1]:8080 " + COMMON, "192.0.2.1", "http://[2001:db8::1]/p"),
        (b"shop.example:80 " + COMMON.replace(b"192.0.2.1", b"2001:db8::9"), "2001:db8::9", "http://shop.example/p"),
        (COMMON.replace(b"192.0.2.1", b"192.0.2.1:5000"), "192.0.2.1:5000", "/p"),
        (COMMON.replace(b"192.0.2.1", b"2001:db8::9"), "2001:db8::9", "/p"),
        (COMMON.replace(b"/p", b"http://other.example/p"), "192.0.2.1", "http://other.example/p"),
    ],
)
def test_site_in_front_and_no_agent_behind(value: bytes, ip: str, url: str) -> None:
    """Vhost and common logs; a client with a port is no site."""
    (event,) = parse(value, {})  # type: ignore[misc]

    assert isinstance(event, ParsedEvent)
    assert (event.ip, event.page_url, event.useragent, event.page_referrer) == (ip, url, "", "")


@pytest.mark.parametrize(
    ("written", "tstamp"),
    [
        ("20/May/2024:00:00:18 +0000", 1_716_163_218_000),
        ("2024-05-20T00:00:18+00:00", 1_716_163_218_000),
        ("2024-05-20 02:00:18.500 +0200", 1_716_163_218_500),
        ("20/May/2024:02:00:18 +02:00", 1_716_163_218_000),
        ("20/may/2024:00:00:18.123 +0000", 1_716_163_218_000),
        ("20/May/2024 00:00:18", 1_716_163_218_000),
        ("1/January/2024:00:00:00 Z", 1_704_067_200_000),
    ],
)
def test_odd_dates(written: str, tstamp: int) -> None:
    """Other forms of the time are read, by the parser and by the loader alike."""
    line = COMMON.replace(b"20/May/2024:00:00:18 +0000", written.encode())
    (event,) = parse(line, {})  # type: ignore[misc]

    assert isinstance(event, ParsedEvent)
    assert event.collector_tstamp == tstamp
    assert combined_time(line) == tstamp
