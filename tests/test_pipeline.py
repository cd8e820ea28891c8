import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams import __version__
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.rules import default_rules
from streams.encode import decode
from streams.enrich.enricher import Lookups
from streams.enrich.sources import open_lookups
from streams.keys import Keys
from streams.outcome import Reason
from streams.parse.admission import Limits
from streams.pipeline import UNHEARD, EnrichedBatch, Pipeline, PipelineOptions, build, make_pipeline
from streams.records import Event, Outcome, RawBatch
from streams.settings import GeoSettings, KafkaSettings, Settings
from tests.property.poison import CONTEXTS, PAYLOAD, UNSTRUCT

SHARED = Path(os.environ.get("THALWEG_SHARED", Path(__file__).parents[2] / "shared"))
SECRET = b"a secret of at least thirty-two bytes"
LOOKUPS = open_lookups(GeoSettings(), __version__)
NOW = 1_716_164_900_000
LINE = (
    b'203.0.113.77 - - [20/May/2024:00:28:06 +0000] "GET /p/1?utm_source=news&utm_medium=email&token=abc HTTP/1.1" '
    b'200 178 "https://www.google.com/?q=x" "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"'
)
Headers = tuple[tuple[str, bytes], ...]
COMBINED: Headers = (("format", b"combined"),)
ACME = "iglu:com.acme/user/jsonschema/1-0-0"
SEGMENT: Headers = (("format", b"segment"), ("app_id", b"shop"))


class Raw(msgspec.Struct, frozen=True):
    """A raw record as aiokafka gives it."""

    offset: int
    value: bytes | None
    headers: Headers = COMBINED
    timestamp: int = NOW


def make(lookups: Lookups = LOOKUPS, **options: Any) -> Pipeline:
    """A pipeline to three enriched partitions."""
    settings_ = PipelineOptions(**({"enriched_partitions": 3} | options))
    return make_pipeline(settings_, Keys(SECRET), SecretKeyring(SECRET), default_rules(), lookups)


live, bounded = make(), make(bounded=True)


def run(records: Sequence[Raw], pipeline: Pipeline = live, partition: int = 1) -> EnrichedBatch:
    """One batch of a raw partition."""
    return pipeline(RawBatch("raw@1", partition, records))


def records_of(batch: EnrichedBatch) -> list[Event | Outcome]:
    """All that would be sent, decoded."""
    found = [decode(value) for values in batch.partitions for value in values]
    return [record for record in found if isinstance(record, Event | Outcome)]


def message(**fields: Any) -> bytes:
    """A Segment message."""
    return json.dumps({"type": "page", "anonymousId": "anon-1", "sentAt": "2024-05-20T00:28:06Z"} | fields).encode()


def test_a_line_becomes_one_masked_enriched_event() -> None:
    """All stages have done their part."""
    batch = run([Raw(7, LINE)])
    (event,) = records_of(batch)

    assert isinstance(event, Event)
    assert (event.app_id, event.event, event.raw_topic, event.raw_partition, event.raw_offset) == (
        "default",
        "page_view",
        "raw@1",
        1,
        7,
    )
    assert (event.user_ipaddress, event.page_url) == ("203.0.113.0", "/p/1?utm_source=news&utm_medium=email")
    assert (event.page_urlpath, event.mkt_source, event.default_channel_group) == ("/p/1", "news", "Email")
    assert (event.refr_medium, event.br_family, event.os_family, event.dvce_type) == (
        "search",
        "Firefox",
        "Linux",
        "Desktop",
    )
    assert (event.rules_version, event.app_version) == (default_rules().hash, __version__)
    assert event.ua_version
    assert event.geo_version
    assert batch.counts == {("accepted", ""): 1}
    assert batch.heard == event.arrival_tstamp == 1_716_164_886_000
    assert (batch.dead, batch.ended, batch.removed) == ([], False, {})


def test_client_hints_go_through_the_stages_and_no_further() -> None:
    """They fill the device's columns; what is personal in them goes the way of any text; no record holds them."""
    agent = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/124.0.0.0 Mobile Safari/537.36"
    hints = {"platform": "Android", "platformVersion": "14.0.0", "model": "of ann@shop.example"}
    context = {"userAgent": agent, "userAgentData": hints}
    batch = run([Raw(1, message(context=context), SEGMENT)])
    (event,) = records_of(batch)

    assert isinstance(event, Event)
    assert (event.os_family, event.os_version, event.dvce_type) == ("Android", "14", "Mobile")
    assert event.ua_hints == ""
    assert not any(b"ann@shop" in value for values in batch.partitions for value in values)


@pytest.mark.parametrize(
    ("value", "headers", "outcome", "reason"),
    [
        (b"no log line", COMBINED, "dead", Reason.SYNTAX),
        (b"{", SEGMENT, "dead", Reason.SYNTAX),
        (LINE, (), "dead", Reason.FORMAT_UNKNOWN),
        (LINE, (("format", b"\xff\xfe"),), "dead", Reason.FORMAT_UNKNOWN),
        (message(type="delete"), SEGMENT, "dead", Reason.EVENT_UNKNOWN),
        (
            message(receivedAt="1999-01-01T00:00:00Z", timestamp="1990-01-01T00:00:00Z", sentAt=None),
            SEGMENT,
            "dead",
            Reason.TIME_RANGE,
        ),
        (b"", COMBINED, "empty", Reason.BLANK),
        (None, COMBINED, "empty", Reason.BLANK),
        (b"", (*COMBINED, ("control", b"end")), "empty", Reason.BLANK),
    ],
)
def test_what_becomes_no_event_becomes_one_outcome(
    value: bytes | None, headers: Headers, outcome: str, reason: Reason
) -> None:
    """With its coordinates; a dead one also a letter with the original bytes and headers."""
    batch = run([Raw(9, value, headers)], partition=2)
    (record,) = records_of(batch)

    assert record == Outcome(
        app_id="shop" if headers == SEGMENT else "default",
        arrival_tstamp=NOW,
        raw_topic="raw@1",
        raw_partition=2,
        raw_offset=9,
        outcome=outcome,
        reason=reason.value,
        size=len(value or b""),
    )
    assert batch.counts == {(outcome, reason.value): 1}
    assert [(letter.value, letter.headers, letter.raw_offset, letter.reason) for letter in batch.dead] == (
        [(value, headers, 9, reason.value)] if outcome == "dead" else []
    )


def test_the_end_of_bounded_input_is_obeyed_and_accounted_for() -> None:
    """Kafka's clock at its writing tells nothing of the input's time."""
    batch = run([Raw(9, b"", (("control", b"end"),))], bounded)
    (record,) = records_of(batch)

    assert batch.ended
    assert batch.heard == UNHEARD
    assert isinstance(record, Outcome)
    assert (record.outcome, record.reason) == ("empty", "control")


def test_live_input_has_no_end() -> None:
    """Whoever may write to the topic cannot close it: the record is read like any other."""
    batch = run([Raw(9, LINE, (*COMBINED, ("control", b"end")))])

    assert not batch.ended
    assert batch.counts == {("accepted", ""): 1}


def test_bounded_time_is_the_headers() -> None:
    """For dead records too: the loader knows where they stood."""
    at = ("collector_tstamp", b"1716164880000")
    batch = run([Raw(0, b"no log line", (*COMBINED, at)), Raw(1, b"no log line")], bounded)

    assert batch.heard == 1_716_164_880_000


def test_bounded_input_without_a_time_is_dead_and_moves_no_clock() -> None:
    """Kafka's clock is years ahead of a file's: heard, it would make all that follows late."""
    records = [Raw(0, LINE), Raw(1, message(sentAt=None), SEGMENT), Raw(2, message(), SEGMENT)]
    batch = run([msgspec.structs.replace(raw, timestamp=NOW + 10**10) for raw in records], bounded)

    assert batch.counts == {("accepted", ""): 2, ("dead", "time_unreadable"): 1}
    assert batch.heard == 1_716_164_886_000


def poison(copies: int) -> bytes:
    """A message within every limit of the parser: long texts, each with the own id hidden in it."""
    properties = {f"k{n}": "é" * 8100 + " %61non-000002" for n in range(copies)}
    fields = {"type": "track", "event": "E", "anonymousId": "anon-000002", "sentAt": "2024-05-20T00:28:06Z"}
    return json.dumps(fields | {"properties": properties}, ensure_ascii=False).encode()


def test_a_record_within_the_limits_does_not_grow_beyond_twice_its_size() -> None:
    """Hiding an id in it does not blow it up."""
    value = poison(28)
    batch = run([Raw(0, value, SEGMENT)])
    (sent,) = [value for values in batch.partitions for value in values]

    assert batch.counts == {("accepted", ""): 1}
    assert len(sent) < 2 * len(value)
    assert b"anon-000002" not in sent


def test_an_event_too_large_for_a_batch_is_dead_and_its_neighbours_are_not() -> None:
    """Its outcome and letter say so; nothing is sent that the producer would refuse."""
    value = poison(28)
    built = build(Settings(format="segment", kafka=KafkaSettings(max_batch_bytes=400_000)), SECRET, 3)
    batch = run([Raw(0, message(), SEGMENT), Raw(1, value, SEGMENT), Raw(2, message(), SEGMENT)], built)

    assert batch.counts == {("accepted", ""): 2, ("dead", "too_large"): 1}
    assert [(letter.raw_offset, letter.reason) for letter in batch.dead] == [(1, "too_large")]
    assert max(len(value) for values in batch.partitions for value in values) <= 400_000 - 1024


def test_a_header_as_long_as_a_record_makes_no_outcome_too_large() -> None:
    """The outcome then names the settings' app."""
    headers = (*COMBINED, ("app_id", b"a" * 3000))
    batch = run([Raw(0, b"x", headers), Raw(1, LINE, headers)], make(max_event_bytes=2000))

    assert [record.app_id for record in records_of(batch)] == ["default", "default"]
    assert batch.counts == {("dead", "syntax"): 1, ("dead", "too_large"): 1}


def test_forwarded_addresses_of_nginx_are_cut() -> None:
    """Its stock format main ends in "$http_x_forwarded_for"."""
    lines = [LINE + b' "203.0.113.9"', LINE + b' "203.0.113.9, 2001:db8:1:2::3"']
    found = records_of(run([Raw(n, line) for n, line in enumerate(lines)]))

    assert [event.properties["extra_1"] for event in found if isinstance(event, Event)] == [
        "203.0.113.0", "203.0.113.0, 2001:db8:1::",
    ]  # fmt: skip


def test_live_time_is_clamped_for_dead_records_too() -> None:
    """No client moves it beyond the disorder."""
    old, new = ("collector_tstamp", b"1"), ("collector_tstamp", b"1916164880000")
    batch = run([Raw(0, b"x", (*COMBINED, old)), Raw(1, b"x", (*COMBINED, new))])

    assert [record.arrival_tstamp for record in records_of(batch)] == [NOW - 600_000, NOW]
    assert batch.heard == NOW


@pytest.mark.parametrize("value", [b"", b"x", b"-5", b"1" * 5000, "٣".encode(), b"\xff"])
def test_odd_time_headers_count_as_absent(value: bytes) -> None:
    """The line's own time is taken."""
    (event,) = records_of(run([Raw(0, LINE, (*COMBINED, ("collector_tstamp", value)))]))

    assert isinstance(event, Event)
    assert event.collector_tstamp == 1_716_164_886_000


def test_settings_name_the_format_where_no_header_does() -> None:
    """The header wins."""
    pipeline = make(format="combined")

    assert run([Raw(0, LINE, ())], pipeline).counts == {("accepted", ""): 1}
    assert run([Raw(0, message(), SEGMENT)], pipeline).counts == {("accepted", ""): 1}


def test_the_header_names_the_app() -> None:
    """For events and outcomes."""
    found = records_of(
        run([Raw(0, LINE, (*COMBINED, ("app_id", b"blog"))), Raw(1, b"x", (*COMBINED, ("app_id", b"blog")))])
    )

    assert {record.app_id for record in found} == {"blog"}


def test_a_bug_costs_one_event_and_tells_its_type() -> None:
    """The batch goes on; the letter holds the bytes, no text the message."""

    def read(agent: str) -> Any:
        if "Firefox" in agent:
            raise KeyError("Mozilla and more content")
        return LOOKUPS.read_agent(agent)

    pipeline = make(msgspec.structs.replace(LOOKUPS, read_agent=read))
    batch = run([Raw(0, LINE), Raw(1, LINE.replace(b"Firefox", b"Chrome"))], pipeline)

    assert batch.counts == {("accepted", ""): 1, ("dead", "internal"): 1}
    assert [(letter.value, letter.detail) for letter in batch.dead] == [(LINE, "KeyError")]


def test_all_events_of_a_visitor_lie_in_one_partition() -> None:
    """Whatever raw partition they come from."""
    lines = [Raw(n, LINE.replace(b"/p/1", b"/p/%d" % n)) for n in range(20)]
    filled = [[bool(values) for values in run(lines, partition=partition).partitions] for partition in range(3)]

    assert filled[0] == filled[1] == filled[2]
    assert sum(filled[0]) == 1


def test_removed_values_are_told_per_batch() -> None:
    """A host name is no address."""
    line = Raw(0, LINE.replace(b"203.0.113.77", b"host.example"))

    assert run([line, line]).removed == {"user_ipaddress": 2}
    assert run([Raw(0, LINE)]).removed == {}


def test_build_makes_the_same_from_settings() -> None:
    """Seconds and days become milliseconds, the lookups are opened."""
    built = build(Settings(format="combined", bounded=True, app_id="shop"), SECRET, 3)
    record = Raw(7, LINE, ())

    assert (
        run([record], built).partitions
        == run([record], make(format="combined", bounded=True, app_id="shop")).partitions
    )


IP, AGENT, USER, TOKEN = (
    "203.0.113.77",
    "Mozilla/5.0 (ann.canary@example.com)",
    "customer-10017-canary",
    "tok-canary-5577",
)
CANARIES = [IP, "ann.canary@example.com", USER, TOKEN, "4242424242424242", "anon-canary-1", "msg-canary-1"]
PERSONAL = [
    Raw(
        0,
        f'{IP} - {USER} [20/May/2024:00:28:06 +0000] "GET /u/ann.canary%40example.com?t={TOKEN} HTTP/1.1" 200 1 '
        f'"https://u:{TOKEN}@x.example/?t={TOKEN}#{TOKEN}" "{AGENT}" "{IP}"'.encode(),
    ),
    Raw(1, f"{IP} {USER} broken line {TOKEN}".encode()),
    Raw(
        2,
        message(
            anonymousId="anon-canary-1",
            userId=USER,
            messageId="msg-canary-1",
            name=f"Card 4242 4242 4242 4242 of {USER}",
            context={
                "ip": IP,
                "userAgent": AGENT,
                "page": {
                    "url": f"https://x.example/?t={TOKEN}",
                    "title": "Hi ann.canary@example.com",
                    "referrer": f"https://y/?{TOKEN}",
                },
            },
            properties={
                "email": "ann.canary@example.com",
                "card": "4242424242424242",
                "at": IP,
                USER: "x",
                "next": f"https://x.example/?t={TOKEN}",
                "nested": {"id": "anon-canary-1"},
            },
        ),
        SEGMENT,
    ),
    Raw(3, message(type="track", event=f"paid by {USER}", userId=USER, context={"ip": "::ffff:" + IP}), SEGMENT),
    Raw(4, message(type="identify", userId=USER, traits={"email": "ann.canary@example.com"}), SEGMENT),
]


def test_nothing_personal_leaves_the_stage() -> None:
    """No id, address, e-mail, card or token is in any record of the enriched topic; dead letters hold raw bytes."""
    batch = run(PERSONAL)
    sent = b"\n".join(value for values in batch.partitions for value in values)

    assert batch.counts == {("accepted", ""): 4, ("dead", "syntax"): 1}
    assert [canary for canary in CANARIES if canary.encode() in sent] == []
    assert b"4242 4242 4242 4242" not in sent
    assert [letter.value for letter in batch.dead] == [PERSONAL[1].value]


VALUES = st.one_of(
    st.none(),
    st.binary(max_size=80),
    st.sampled_from([record.value for record in PERSONAL] + [LINE, b"", b" "]),
    st.builds(lambda n, tail: LINE[:n] + tail, st.integers(0, len(LINE)), st.binary(max_size=10)),
    st.dictionaries(
        st.sampled_from(
            ["type", "anonymousId", "userId", "event", "timestamp", "sentAt", "context", "properties", "messageId"]
        ),
        st.one_of(
            st.none(),
            st.integers(),
            st.floats(),
            st.text(max_size=12),
            st.sampled_from(["page", "track", "2024-05-20T00:28:06Z"]),
            st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
        ),
    ).map(lambda fields: json.dumps(fields).encode()),
)
HEADERS = st.lists(
    st.one_of(
        st.sampled_from(
            [*COMBINED, *SEGMENT, ("control", b"end"), ("event_id", b"x"), ("collector_tstamp", b"1716164880000")]
        ),
        st.tuples(
            st.sampled_from(["format", "app_id", "collector_tstamp", "event_id", "ip", "control"]),
            st.binary(max_size=9),
        ),
    ),
    max_size=4,
).map(tuple)
RECORDS = st.lists(st.tuples(VALUES, HEADERS, st.integers(-1, 4_000_000_000_000)), max_size=12).map(
    lambda found: [Raw(n, value, headers, timestamp) for n, (value, headers, timestamp) in enumerate(found)]
)


@settings(max_examples=300)
@given(records=RECORDS, is_bounded=st.booleans())
def test_every_raw_event_is_accounted_for_exactly_once_and_in_order(records: list[Raw], *, is_bounded: bool) -> None:
    """Whatever the bytes and headers: one event or outcome each, raw order within each partition, no bug met."""
    batch = run(records, bounded if is_bounded else live)
    found = records_of(batch)
    held = {record.raw_offset: (record.raw_events if isinstance(record, Event) else record.events) for record in found}
    places = Counter((record.raw_offset, record.raw_index) for record in found)

    assert places == Counter((raw.offset, index) for raw in records for index in range(held[raw.offset]))
    for values in batch.partitions:
        order = [
            (record.raw_offset, record.raw_index)
            for record in map(decode, values)
            if isinstance(record, Event | Outcome)
        ]
        assert order == sorted(order)
    assert sum(batch.counts.values()) == len(found)
    assert len(batch.dead) == sum(n for (verdict, _), n in batch.counts.items() if verdict == "dead")
    assert ("dead", "internal") not in batch.counts


@settings(max_examples=100)
@given(RECORDS, st.data())
def test_any_cut_gives_the_same_bytes_in_the_same_order(records: list[Raw], data: st.DataObject) -> None:
    """Batches are Kafka's affair; also the highest time heard is the same."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=4)))
    parts = [records[start:end] for start, end in zip([0, *cuts], [*cuts, len(records)], strict=True)]
    whole, pieces = run(records, bounded), [run(part, make_fresh()) for part in parts]

    assert [[value for piece in pieces for value in piece.partitions[k]] for k in range(3)] == whole.partitions
    assert [letter for piece in pieces for letter in piece.dead] == whole.dead
    assert max(piece.heard for piece in pieces) == whole.heard
    assert any(piece.ended for piece in pieces) == whole.ended


FRESH: list[Pipeline] = []


def make_fresh() -> Pipeline:
    """Another worker's pipeline, with a memory of its own."""
    if not FRESH:
        FRESH.append(make(bounded=True))
    return FRESH[0]


@pytest.mark.skipif(not SHARED.exists(), reason="the folder of real logs (../shared) is not here")
@pytest.mark.parametrize(
    ("pattern", "events", "dead", "visitors"),
    [
        ("access_erddap_anon/*.log.*", 10_479, 5_796, 918),
        ("access_elastic_semicomplete/apache_logs", 9_999, 1, 1_861),
    ],
)
def test_real_logs_are_counted_as_known(pattern: str, events: int, dead: int, visitors: int) -> None:
    """Events, dead lines and visitors; and no line's own address is in what is sent of it."""
    lines = [line for path in sorted((SHARED / "data").glob(pattern)) for line in path.read_bytes().splitlines()]
    batch = run([Raw(n, line) for n, line in enumerate(lines)], bounded)
    sent = [(decode(value), value) for values in batch.partitions for value in values]
    found = [(event, value) for event, value in sent if isinstance(event, Event)]
    visitors_found = len({event.visitor_id for event, _ in found})
    addresses = [lines[event.raw_offset].split(b" ", 1)[0] for event, _ in found]

    assert (len(found), batch.counts["dead", "syntax"], visitors_found) == (events, dead, visitors)
    assert not [
        address
        for address, (_, value) in zip(addresses, found, strict=True)
        if address in value and not address.endswith(b".0")
    ]


def test_a_log_without_host_is_on_the_apps_site() -> None:
    """Its page gets the app's first host, so that the site's own pages are known as such; a host in the line stays."""
    pipeline = make(hosts={"shop": "https://shop.example"}, app_id="shop")
    own = LINE.replace(b"https://www.google.com/?q=x", b"https://shop.example/p/0")
    events = records_of(run([Raw(0, own), Raw(1, b"other.example:80 " + own)], pipeline))

    assert [(e.page_urlhost, e.refr_medium) for e in events if isinstance(e, Event)] == [
        ("shop.example", "internal"),
        ("other.example", "unknown"),
    ]


def test_limits_and_unknown_apps() -> None:
    """Each event of an app above its limits is dead under its name; an app that is not listed under the default's:
    its name may be anyone's, and outcomes carry no content."""
    few = Limits(record_events=1)
    pipeline = make(app_limits={"shop": few}, known_apps_only=True, app_id="main")
    batch = b'{"batch":[%b,%b]}' % (message(), message())
    outcomes = records_of(
        run([Raw(0, batch, SEGMENT), Raw(1, LINE, (*COMBINED, ("app_id", b"x"))), Raw(2, LINE)], pipeline)
    )

    found = [(o.app_id, o.raw_offset, o.raw_index, o.reason) for o in outcomes if isinstance(o, Outcome)]
    assert found == [
        ("shop", 0, 0, Reason.TOO_LARGE),
        ("shop", 0, 1, Reason.TOO_LARGE),
        ("main", 1, 0, Reason.APP_UNKNOWN),
        ("main", 2, 0, Reason.APP_UNKNOWN),
    ]


def test_an_outcome_is_never_named_after_what_may_be_someones() -> None:
    """A header's unknown app, of a record that cannot be read; an app called like an id of its event."""
    listed = make(app_limits={"shop": Limits()}, known_apps_only=True, app_id="main")
    named = [Raw(0, b"{", (*SEGMENT, ("app_id", b"Ann Example"))), Raw(1, b"{", (*SEGMENT, ("app_id", b"shop")))]
    assert [o.app_id for o in records_of(run(named, listed)) if isinstance(o, Outcome)] == ["main", "shop"]

    old = b'{"type":"track","event":"e","userId":"ann-12345","timestamp":"1990-01-01T00:00:00Z"}'
    refused = records_of(run([Raw(0, old, (*SEGMENT, ("app_id", b"of ann%2D12345")))], make(app_id="main")))
    assert [(o.app_id, o.reason) for o in refused if isinstance(o, Outcome)] == [("main", Reason.TIME_RANGE)]


def test_many_bad_events_write_their_body_once() -> None:
    """The first letter of a record has the bytes and headers, the others name it by its index."""
    value = b'{"batch":[%b,{},{},%b,{}]}' % (message(), message())
    dead = run([Raw(0, value, SEGMENT), Raw(1, b"{", SEGMENT)]).dead

    assert [(letter.raw_offset, letter.raw_index, letter.carrier, letter.value) for letter in dead] == [
        (0, 1, None, value),
        (0, 2, 1, None),
        (0, 4, 1, None),
        (1, 0, None, b"{"),
    ]
    assert [letter.headers for letter in dead] == [SEGMENT, (), (), SEGMENT]


def test_contexts_are_masked_value_by_value() -> None:
    """What a rule removes from a text it removes from a context, its names, and a self-describing event's data."""
    secret = {
        "mail jane@example.com": "jane@example.com",
        "n": 4111111111111111,
        "u": 'the "user-42" id',
        "ip": "192.0.2.77",
    }
    event = {
        "e": "ue", "uid": "user-42", "p": "web",
        "ue_pr": json.dumps({"schema": UNSTRUCT, "data": {"schema": ACME, "data": secret}}),
        "co": json.dumps({"schema": CONTEXTS, "data": [{"schema": ACME, "data": secret}]}),
    }  # fmt: skip
    value = json.dumps({"schema": PAYLOAD, "data": [event]}).encode()
    (found,) = records_of(run([Raw(0, value, (("format", b"snowplow"),))]))

    assert isinstance(found, Event)
    cleaned = {"mail (email)": "(email)", "n": "(card)", "u": 'the "(user)" id', "ip": "192.0.2.0"}
    assert json.loads(found.contexts) == [{"schema": ACME, "data": cleaned}]
    assert {name: found.properties[name] for name in cleaned} == cleaned
