"""Collector payloads to events, against the Thrift library's own writer."""

import gzip
import json

import pytest

from streams.outcome import Dead, Reason
from streams.parse.result import Empty, Parsed
from streams.parse.snowplow import make_snowplow
from streams.parse.snowplow_thrift import make_snowplow_thrift
from streams.records import ParsedEvent
from tests.property.poison import body, collector_payload, tp2

parse = make_snowplow_thrift()
T0 = 1_716_164_880_000


def reason(parsed: Parsed) -> Reason:
    assert isinstance(parsed, Dead), parsed
    return parsed.reason


def first(parsed: Parsed) -> ParsedEvent:
    assert isinstance(parsed, list), parsed
    assert isinstance(parsed[0], ParsedEvent), parsed
    return parsed[0]


def test_post_body_through_the_collector() -> None:
    """The events of the body, with the collector's time, address, agent and network id; the query string goes first."""
    value = collector_payload(
        path="/com.snowplowanalytics.snowplow/tp2", body=body(tp2(uid="u"), tp2()), querystring="aid=q",
        ip="192.0.2.1", useragent="UA", network_userid="N", timestamp=T0,
    )  # fmt: skip
    parsed = parse(value, {})

    assert isinstance(parsed, list)
    assert len(parsed) == 2
    event = first(parsed)
    assert (event.app_id, event.user_id, event.collector_tstamp) == ("q", "u", T0)
    assert (event.ip, event.useragent, event.network_userid) == ("192.0.2.1", "UA", "N")


def test_get_through_the_collector_is_the_query_string() -> None:
    """The same columns as format snowplow gives; the page that asked stands in for a missing url."""
    value = collector_payload(
        path="/i", querystring="e=pv&p=web&tv=x&uid=u", referrer="https://shop.example/p", timestamp=None
    )
    (plain,) = make_snowplow()(b"e=pv&p=web&tv=x&uid=u&url=https://shop.example/p", {})  # type: ignore[misc]

    assert parse(value, {}) == [plain]


def test_body_goes_before_the_connection() -> None:
    """ip, ua and tnuid of the event are the client's own; nobody's network id is none."""
    event = first(
        parse(
            collector_payload(
                querystring="e=pv&ip=198.51.100.1&ua=own&tnuid=T", ip="192.0.2.1", useragent="UA",
                network_userid="00000000-0000-0000-0000-000000000000",
            ),
            {},
        )
    )  # fmt: skip
    assert (event.ip, event.useragent, event.network_userid) == ("198.51.100.1", "own", "T")


def test_client_hints_come_from_the_http_headers() -> None:
    """As navigator.userAgentData names them."""
    lines = ['Sec-CH-UA-Platform: "Android"', "Sec-CH-UA-Mobile: ?1", 'sec-ch-ua-model: "Pixel 8"', "Accept: */*"]
    event = first(parse(collector_payload(querystring="e=pv", headers=lines), {}))

    assert json.loads(event.ua_hints) == {"platform": "Android", "model": "Pixel 8", "mobile": True}


def test_compressed_payload() -> None:
    """A newer collector may compress: found by its first bytes."""
    value = collector_payload(querystring="e=pv")

    assert parse(gzip.compress(value, mtime=0), {}) == parse(value, {})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(b"hello", Reason.SYNTAX, id="no Thrift"),
        pytest.param(collector_payload(querystring="e=pv")[:-1], Reason.SYNTAX, id="cut short"),
        pytest.param(collector_payload(querystring="e=pv") + b"\0", Reason.SYNTAX, id="bytes behind"),
        pytest.param(collector_payload(schema="iglu:com.acme/x/thrift/1-0-0"), Reason.SYNTAX, id="another schema"),
        pytest.param(collector_payload(querystring="e=pv", timestamp=-1), Reason.TIME_RANGE, id="before 1970"),
        pytest.param(
            collector_payload(path="/com.mailchimp/v1", querystring="a=b"), Reason.TRACKER_UNKNOWN, id="webhook"
        ),
        pytest.param(b"\x0b\x00\x0a\x7f\xff\xff\xff", Reason.SYNTAX, id="a text of 2 GB"),
        pytest.param(b"\x0f\x00\x5a\x0b\x7f\xff\xff\xff", Reason.SYNTAX, id="a list of 2 G"),
        pytest.param(b"\x0d\x7f\x00\x0b\x0b\x7f\xff\xff\xff", Reason.SYNTAX, id="an unknown map of 2 G"),
        pytest.param(b"\x0c\x7f\x00" * 100_000, Reason.SYNTAX, id="nested structs"),
        pytest.param(collector_payload(querystring="e=pv", headers=["a: b"] * 1_001), Reason.SYNTAX, id="many headers"),
        pytest.param(
            collector_payload(querystring="e=pv").replace(b"e=pv", b"\xff=pv"), Reason.ENCODING, id="no UTF-8"
        ),
        pytest.param(gzip.compress(b"\0" * 9_000_000, mtime=0), Reason.TOO_LARGE, id="a bomb"),
    ],
)
def test_dead(value: bytes, expected: Reason) -> None:
    """No payload: dead, with its reason."""
    assert reason(parse(value, {})) is expected


def test_nothing_is_empty() -> None:
    """A record without bytes, and a payload without query and body, hold no event."""
    assert parse(b"", {}) == Empty()
    assert parse(collector_payload(), {}) == Empty()
