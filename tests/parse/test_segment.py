"""Segment messages to events."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.outcome import Dead, Reason
from streams.parse.json_guard import MAX_DEPTH, depth
from streams.parse.result import MAX_BYTES, Empty, Parsed
from streams.parse.segment import make_segment
from streams.parse.segment_message import MAX_ID, MAX_PROPERTIES, MAX_TEXT
from streams.records import ParsedEvent

parse = make_segment()
T0 = 1_716_163_218_000


def body(**fields: object) -> bytes:
    """A track message with the fields changed; None takes one out."""
    message: dict[str, object] = {"type": "track", "event": "Bought", "anonymousId": "a1", **fields}
    return json.dumps({key: value for key, value in message.items() if value is not None}).encode()


def one(parsed: Parsed) -> ParsedEvent:
    assert isinstance(parsed, list), parsed
    (event,) = parsed
    assert isinstance(event, ParsedEvent)
    return event


def reason(value: bytes) -> Reason:
    verdict = parse(value, {})
    assert isinstance(verdict, Dead), verdict
    return verdict.reason


PAGE = {
    "type": "page",
    "messageId": "m1",
    "anonymousId": "a1",
    "userId": "u1",
    "channel": "browser",
    "name": "Home",
    "category": "Shop",
    "originalTimestamp": "2024-05-20T00:00:17.500Z",
    "timestamp": "2024-05-20T00:00:17.900Z",
    "sentAt": "2024-05-20T00:00:17.600Z",
    "receivedAt": "2024-05-20T00:00:18.000Z",
    "context": {
        "ip": "192.0.2.1",
        "userAgent": "Mozilla/5.0",
        "locale": "en-GB",
        "timezone": "Europe/Berlin",
        "library": {"name": "analytics.js", "version": "2.1.0"},
        "page": {"url": "https://other.example/", "title": "Other", "referrer": "https://r.example/", "path": "/"},
        "campaign": {"name": "spring", "source": "news", "medium": "email", "term": "tea", "content": "top"},
        "screen": {"width": 1920, "height": 1080, "density": 2},
        "traits": {"email": "jane@example.com"},
    },
    "properties": {
        "url": "https://shop.example/?q=1",
        "title": "Shop",
        "path": "/",
        "search": "?q=1",
        "price": 12.50,
        "n": 3,
        "ok": True,
        "none": None,
        "tags": ["a", {"b": 1}],
        "text": "é",
    },
    "integrations": {"All": True},
    "version": 2,
}


def test_all_fields_of_a_page() -> None:
    """Every field goes where the docstring says; traits go nowhere."""
    assert parse(json.dumps(PAGE).encode(), {"app_id": "shop", "event_id": "x", "ip": "198.51.100.7"}) == [
        ParsedEvent(
            app_id="shop",
            platform="web",
            event="page_view",
            event_name="page_view",
            event_id="m1",
            collector_tstamp=T0,
            dvce_created_tstamp=T0 - 500,
            dvce_sent_tstamp=T0 - 400,
            ip="192.0.2.1",
            useragent="Mozilla/5.0",
            anonymous_id="a1",
            user_id="u1",
            page_url="https://shop.example/?q=1",
            page_title="Shop",
            page_referrer="https://r.example/",
            mkt_medium="email",
            mkt_source="news",
            mkt_term="tea",
            mkt_content="top",
            mkt_campaign="spring",
            br_lang="en-GB",
            os_timezone="Europe/Berlin",
            dvce_screenwidth=1920,
            dvce_screenheight=1080,
            contexts='{"library":{"name":"analytics.js","version":"2.1.0"}}',
            properties={
                "price": "12.5",
                "n": "3",
                "ok": "true",
                "tags": '["a",{"b":1}]',
                "text": "é",
                "name": "Home",
                "category": "Shop",
            },
        )
    ]


def test_headers_stand_in() -> None:
    """App, address and agent come from the headers where the body has none; the header's event id names the record."""
    event = one(parse(body(), {"app_id": "shop", "event_id": "x", "ip": "198.51.100.7", "user_agent": "curl/8"}))

    assert (event.app_id, event.event_id, event.ip, event.useragent) == ("shop", "", "198.51.100.7", "curl/8")


@pytest.mark.parametrize(
    ("fields", "event", "event_name", "platform"),
    [
        pytest.param({}, "track", "Bought", "web", id="track"),
        pytest.param({"type": "page", "event": None}, "page_view", "page_view", "web", id="page without a name"),
        pytest.param({"type": "page", "name": "Home"}, "page_view", "page_view", "web", id="page with a name"),
        pytest.param({"type": "screen"}, "screen_view", "screen_view", "mob", id="screen without a name"),
        pytest.param({"type": "screen", "name": "Cart"}, "screen_view", "Cart", "mob", id="screen with a name"),
        pytest.param({"type": "identify", "userId": "u"}, "identify", "identify", "web", id="identify"),
        pytest.param({"channel": "server"}, "track", "Bought", "srv", id="server"),
        pytest.param({"channel": "mobile"}, "track", "Bought", "mob", id="mobile"),
        pytest.param({"channel": "fridge"}, "track", "Bought", "web", id="another channel"),
    ],
)
def test_names_and_platform(fields: dict[str, object], event: str, event_name: str, platform: str) -> None:
    """Each type has its event, name and platform."""
    parsed = one(parse(body(**fields), {}))

    assert (parsed.event, parsed.event_name, parsed.platform) == (event, event_name, platform)


A, B, C, D = (f"2024-05-20T00:00:1{n}Z" for n in (5, 6, 7, 8))
A_MS, B_MS, C_MS, D_MS = T0 - 3000, T0 - 2000, T0 - 1000, T0


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        pytest.param({}, (None, None, None, None), id="none"),
        pytest.param({"timestamp": A}, (None, None, None, A_MS), id="timestamp alone is true"),
        pytest.param({"timestamp": A, "receivedAt": D}, (D_MS, None, None, A_MS), id="true and received"),
        pytest.param({"timestamp": A, "sentAt": B}, (None, A_MS, B_MS, None), id="as clients send it"),
        pytest.param(
            {"originalTimestamp": A, "sentAt": B, "timestamp": C, "receivedAt": D},
            (D_MS, A_MS, B_MS, None),
            id="as a server passes it on",
        ),
        pytest.param({"originalTimestamp": A, "timestamp": C}, (None, A_MS, None, C_MS), id="never sent"),
        pytest.param({"originalTimestamp": A}, (None, A_MS, None, None), id="original alone"),
        pytest.param({"sentAt": B}, (None, None, B_MS, None), id="sent alone"),
        pytest.param({"timestamp": A, "sentAt": ""}, (None, None, None, A_MS), id="an empty time is none"),
    ],
)
def test_times(fields: dict[str, object], times: tuple[int | None, ...]) -> None:
    """(received, created, sent, true) by the stated rule; a null counts as absent."""
    for nulls in ({}, {"nothing": None}):
        event = one(parse(body(**fields, **nulls), {}))

        assert times == (
            event.collector_tstamp,
            event.dvce_created_tstamp,
            event.dvce_sent_tstamp,
            event.true_tstamp,
        )


@pytest.mark.parametrize("key", ["timestamp", "originalTimestamp", "sentAt", "receivedAt"])
@pytest.mark.parametrize("text", ["yesterday", "2024-13-01T00:00:00Z", "1716163218000", "1900-01-01T00:00:00Z"])
def test_unreadable_time_is_dead(key: str, text: str) -> None:
    """A time that is there and cannot be read kills the event: it must not count at another time."""
    assert reason(body(**{key: text})) is Reason.TIME_UNREADABLE


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(0, 0, id="zero"),
        pytest.param(1080, 1080, id="pixels"),
        pytest.param(411.43, 411, id="fractions are cut"),
        pytest.param(65_535, 65_535, id="the largest"),
        pytest.param(65_536, 65_535, id="1 beyond"),
        pytest.param(65_535.5, 65_535, id="a fraction beyond"),
        pytest.param(1e300, 65_535, id="absurd"),
        pytest.param(10**25, 65_535, id="a big integer"),
        pytest.param(-1, 0, id="negative"),
        pytest.param(None, 0, id="null"),
    ],
)
def test_screen_sizes_fit_the_column(value: object, expected: int) -> None:
    """Sizes are whole and between 0 and 65535."""
    event = one(parse(body(context={"screen": {"width": value, "height": value}}), {}))

    assert (event.dvce_screenwidth, event.dvce_screenheight) == (expected, expected)


@pytest.mark.parametrize(
    ("given_id", "expected"),
    [("a", "a"), (7, "7"), (2**70, str(2**70)), (" ", " "), ("x" * MAX_ID, "x" * MAX_ID)],
)
def test_ids_are_text(given_id: object, expected: str) -> None:
    """Numbers are read as their digits; texts stay as they are."""
    event = one(parse(body(userId=given_id, anonymousId=given_id, messageId=given_id), {}))

    assert (event.user_id, event.anonymous_id, event.event_id) == (expected, expected, expected)


def test_one_identity_is_enough() -> None:
    """A user id alone, or an anonymous id alone, makes an event; zero is an id."""
    assert one(parse(body(anonymousId=None, userId=0), {})).user_id == "0"
    assert one(parse(body(userId=""), {})).anonymous_id == "a1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"a": "x", "b": ""}, {"a": "x", "b": ""}, id="texts"),
        pytest.param({"a": True, "b": False, "c": None}, {"a": "true", "b": "false"}, id="null is absent"),
        pytest.param({"a": 1.5, "b": -0.25, "c": 10}, {"a": "1.5", "b": "-0.25", "c": "10"}, id="numbers"),
        pytest.param({"a": 2**64, "b": [2**64]}, {"a": str(2**64), "b": f"[{2**64}]"}, id="big integers"),
        pytest.param({"a": {"b": [1, {"c": "é"}]}, "d": []}, {"a": '{"b":[1,{"c":"é"}]}', "d": "[]"}, id="nested"),
        pytest.param({"url": "u", "search": "?"}, {"url": "u", "search": "?"}, id="of a track"),
        pytest.param(None, {}, id="none"),
    ],
)
def test_properties(value: object, expected: dict[str, str]) -> None:
    """Values become text."""
    assert one(parse(body(properties=value), {})).properties == expected


@pytest.mark.parametrize("kind", ["identify", "track", "page", "screen"])
def test_traits_are_never_kept(kind: str) -> None:
    """No trait, wherever it stands, and no property of an identify, is in the event."""
    traits = {"email": "jane@example.com", "name": "Jane"}
    value = body(
        type=kind, traits=traits, context={"traits": traits, "device": traits, "groupId": "Jane"}, secret="Jane"
    )
    value_identify = body(type="identify", traits=traits, properties=traits)

    assert "ane" not in repr(parse(value, {}))
    assert "ane" not in repr(parse(value_identify, {}))


@pytest.mark.parametrize("key", ["url", "title", "referrer", "path", "search"])
def test_page_keys_do_not_stay_among_properties(key: str) -> None:
    """A page's address lives in columns that the rules know, not in properties."""
    assert one(parse(body(type="page", properties={key: "https://x.example/?a=b"}), {})).properties == {}


@pytest.mark.parametrize("value", [b"", b"  ", b"\r\n"])
def test_blank_line(value: bytes) -> None:
    """A blank line is an empty record."""
    assert parse(value, {}) == Empty(Reason.BLANK)


DEEP = MAX_DEPTH - 2  # inside properties and a key


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(b"{", Reason.SYNTAX, id="open object"),
        pytest.param(b"{} {}", Reason.SYNTAX, id="two objects"),
        pytest.param(b"hello", Reason.SYNTAX, id="words"),
        pytest.param(b"\xef\xbb\xbf" + body(), Reason.SYNTAX, id="byte order mark"),
        pytest.param(b"[" + body() + b"]", Reason.FIELD_TYPE, id="an array"),
        pytest.param(b"1", Reason.FIELD_TYPE, id="a number"),
        pytest.param(b"null", Reason.FIELD_TYPE, id="null"),
        pytest.param(b"{}", Reason.FIELD_MISSING, id="no type"),
        pytest.param(body(type=""), Reason.FIELD_MISSING, id="empty type"),
        pytest.param(body(anonymousId=None), Reason.FIELD_MISSING, id="nobody"),
        pytest.param(body(anonymousId="", userId=""), Reason.FIELD_MISSING, id="nobody, empty"),
        pytest.param(body(event=None), Reason.FIELD_MISSING, id="track without event"),
        pytest.param(body(event=""), Reason.FIELD_MISSING, id="track, event empty"),
        pytest.param(body(type="batch"), Reason.EVENT_UNKNOWN, id="batch"),
        pytest.param(body(type="delete"), Reason.EVENT_UNKNOWN, id="delete"),
        pytest.param(body(type="Page"), Reason.EVENT_UNKNOWN, id="types are case-sensitive"),
        pytest.param(body(type=1), Reason.FIELD_TYPE, id="type is a number"),
        pytest.param(body(userId=1.5), Reason.FIELD_TYPE, id="id is a fraction"),
        pytest.param(body(userId=True), Reason.FIELD_TYPE, id="id is a truth"),
        pytest.param(body(userId=["a"]), Reason.FIELD_TYPE, id="id is a list"),
        pytest.param(body(context=[]), Reason.FIELD_TYPE, id="context is a list"),
        pytest.param(body(context={"page": "x"}), Reason.FIELD_TYPE, id="page is a text"),
        pytest.param(body(context={"screen": {"width": "x"}}), Reason.FIELD_TYPE, id="width is a text"),
        pytest.param(body(properties=[]), Reason.FIELD_TYPE, id="properties are a list"),
        pytest.param(body(timestamp=1716163218000), Reason.FIELD_TYPE, id="time is a number"),
        pytest.param(body(userId="x" * (MAX_ID + 1)), Reason.TOO_LARGE, id="long id"),
        pytest.param(body(context={"page": {"url": "x" * (MAX_TEXT + 1)}}), Reason.TOO_LARGE, id="long URL"),
        pytest.param(body(properties={"a": "x" * (MAX_TEXT + 1)}), Reason.TOO_LARGE, id="long property"),
        pytest.param(body(properties={"a": ["x" * MAX_TEXT]}), Reason.TOO_LARGE, id="long nested property"),
        pytest.param(body(properties={"x" * 257: 1}), Reason.TOO_LARGE, id="long key"),
        pytest.param(body(properties={str(n): n for n in range(MAX_PROPERTIES + 1)}), Reason.TOO_LARGE, id="many"),
        pytest.param(body()[:-1] + b',"properties":{"a":1e999}}', Reason.TOO_LARGE, id="infinite number"),
        pytest.param(body()[:-1] + b',"userId":' + b"9" * 5000 + b"}", Reason.TOO_LARGE, id="endless integer"),
        pytest.param(body(pad="x" * MAX_BYTES), Reason.TOO_LARGE, id="long body"),
        pytest.param(b"[" * 100_000, Reason.TOO_LARGE, id="depth bomb"),
        pytest.param(b'{"a":' * 100_000, Reason.TOO_LARGE, id="depth bomb of objects"),
        pytest.param(body()[:-1] + b',"x":' + b"[" * 41 + b"]" * 41 + b"}", Reason.TOO_LARGE, id="deep, not read"),
        pytest.param(body().replace(b"Bought", b"B\xff"), Reason.ENCODING, id="bad UTF-8"),
        pytest.param(body()[:-1] + b',"x":"\xff"}', Reason.ENCODING, id="bad UTF-8 in what is not read"),
        pytest.param(body().replace(b"Bought", b"\xed\xa0\x80"), Reason.ENCODING, id="surrogate in UTF-8"),
        pytest.param(body().replace(b"Bought", rb"\ud800"), Reason.ENCODING, id="high surrogate alone"),
        pytest.param(body().replace(b"Bought", rb"\ud800 and more"), Reason.ENCODING, id="high surrogate, text"),
        pytest.param(body().replace(b"Bought", rb"\udc00 and more"), Reason.ENCODING, id="low surrogate alone"),
        pytest.param(body().replace(b"Bought", rb"a\u0000"), Reason.ENCODING, id="NUL, escaped"),
        pytest.param(body().replace(b"Bought", rb"a\\\u0000"), Reason.ENCODING, id="NUL after a backslash"),
        pytest.param(body().replace(b"Bought", b"a\0"), Reason.ENCODING, id="NUL"),
    ],
)
def test_dead(value: bytes, expected: Reason) -> None:
    """What is no usable message is dead, with its reason."""
    assert reason(value) is expected


def test_just_inside_the_limits() -> None:
    """Texts, counts, depth and size of exactly the limit are read; what looks like a NUL is none."""
    nest = "[" * DEEP + "]" * DEEP
    many = {str(n): n for n in range(MAX_PROPERTIES - 2)}
    value = body(
        event="x" * MAX_TEXT,
        properties={"p" * 256: "y" * MAX_TEXT, "nest": json.loads(nest)} | many,
    )

    assert one(parse(value.ljust(MAX_BYTES), {})).properties["nest"] == nest
    assert one(parse(body(event="a\\u0000"), {})).event_name == "a\\u0000"
    assert one(parse(body(event="\U0001f600"), {})).event_name == "\U0001f600"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", 0),
        (b"{}", 1),
        (b"[[]]", 2),
        (b'{"[[[":"{{"}', 1),
        (rb'["\"[", [1]]', 2),
        (b"][", 0),
        (b'["[[[', 1),
        (rb'["\"[[[", 1]', 1),
    ],
)
def test_depth(value: bytes, expected: int) -> None:
    """Brackets in strings, closed or open, do not count."""
    assert depth(value) == expected


def nesting(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(nesting, inner), default=0)


@given(
    st.recursive(
        st.text('[]{}"\\a', max_size=6) | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[]{}"\\', max_size=4), inner, max_size=3),
        max_leaves=9,
    )
)
def test_depth_is_that_of_the_value(value: object) -> None:
    """Whatever brackets, quotes and backslashes stand in texts and names."""
    assert depth(json.dumps(value).encode()) == nesting(value)


@pytest.mark.parametrize("value", [b"[" * 50 + b'"' + rb"\"" * 200_000, b"\\" * 400_000, rb"\u0000"[:5] * 80_000])
def test_hostile_body_is_read_in_one_pass(value: bytes) -> None:
    """No body makes the reader go back over it (this test would hang, it measures nothing)."""
    assert isinstance(parse(value, {}), Dead)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
IDS = ("type", "messageId", "anonymousId", "userId", "channel", "event", "name", "category")
REST = ("timestamp", "sentAt", "receivedAt", "context", "properties", "traits", "other")
keys = st.sampled_from(IDS + REST)
kinds = st.sampled_from(["page", "track", "identify", "screen", "group"])


def check(parsed: Parsed) -> None:
    """All texts of an event can be stored: UTF-8, no NUL; its numbers fit their columns."""
    if not isinstance(parsed, list):
        return
    event = one(parsed)
    texts = [value for value in (getattr(event, name) for name in event.__struct_fields__) if isinstance(value, str)]
    for text in (*texts, *event.properties.values(), *event.properties):
        assert "\0" not in text.encode().decode()
    assert 0 <= event.dvce_screenwidth <= 65_535


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_a_verdict(value: bytes) -> None:
    """Nothing raises."""
    check(parse(value, {}))


@given(st.dictionaries(keys, json_values, max_size=6), kinds)
def test_any_json_gives_a_verdict(message: dict[str, Any], kind: str) -> None:
    """Nothing raises, whatever stands in the fields."""
    check(parse(json.dumps({"anonymousId": "a", "event": "e"} | message | {"type": kind}).encode(), {}))


@given(st.binary(max_size=3), st.integers(0, 10_000), st.integers(0, 3))
def test_a_damaged_message_gives_a_verdict(noise: bytes, at: int, cut: int) -> None:
    """Nothing raises when bytes of a real message are lost or replaced."""
    whole = json.dumps(PAGE, ensure_ascii=False).encode()
    at %= len(whole)
    check(parse(whole[:at] + noise + whole[at + cut :], {}))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_text_arrives_unchanged(text: str) -> None:
    """Any storable text is the same in the event."""
    event = one(parse(body(event=text, userId=text, properties={text: text}), {}))

    assert (event.event_name, event.user_id, event.properties) == (text, text, {text: text})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"mobile": True, "model": "Pixel 8"}, '{"mobile": true, "model": "Pixel 8"}'),
        ({}, ""),
        (None, ""),
        ([], ""),
        ("text", ""),
        ({"model": "x" * 2048}, ""),
    ],
)
def test_client_hints_are_kept_as_they_come(sent: object, kept: str) -> None:
    """As JSON; what is far too long for hints is not."""
    assert one(parse(body(context={"userAgentData": sent}), {})).ua_hints == kept


def test_group_and_alias() -> None:
    """A group's id is a property; an alias belongs to the visitor it was; traits are read of neither."""
    group = one(parse(body(type="group", groupId="g1", traits={"name": "Acme"}), {}))
    alias = one(parse(body(type="alias", previousId="old", userId="new", anonymousId=None), {}))

    assert (group.event, group.properties) == ("group", {"group_id": "g1"})
    assert (alias.event, alias.anonymous_id, alias.user_id, alias.properties) == ("alias", "old", "new", {})


BATCH = {
    "sentAt": "2024-05-20T00:00:10Z",
    "context": {"ip": "192.0.2.7", "locale": "de", "library": {"name": "lib"}},
    "batch": [
        {"type": "track", "event": "A", "userId": "u", "timestamp": "2024-05-20T00:00:01Z"},
        {"type": "track", "event": "B", "userId": "u", "sentAt": "2024-05-20T00:00:20Z", "context": {"locale": "fr"}},
        {"type": "nothing", "userId": "u"},
        {"type": "page", "userId": "u\0"},
        {"type": "page", "userId": "u", "properties": {"deep": json.loads("[" * 40 + "]" * 40)}},
        {"batch": []},
        {"type": "identify", "userId": 7},
    ],
}


def test_a_batch_is_its_messages() -> None:
    """What the batch says counts for messages that say nothing themselves; each is good or dead by itself."""
    parsed = parse(json.dumps(BATCH).encode(), {})
    assert isinstance(parsed, list)
    first, second, third, *more = parsed

    assert isinstance(first, ParsedEvent)
    assert isinstance(second, ParsedEvent)
    assert (first.ip, first.br_lang, first.dvce_sent_tstamp) == ("192.0.2.7", "de", 1_716_163_210_000)
    assert (second.ip, second.br_lang, second.dvce_sent_tstamp) == ("192.0.2.7", "fr", 1_716_163_220_000)
    assert first.contexts == second.contexts == '{"library":{"name":"lib"}}'
    assert [each.reason for each in (third, *more[:3]) if isinstance(each, Dead)] == [
        Reason.EVENT_UNKNOWN,
        Reason.ENCODING,
        Reason.TOO_LARGE,
        Reason.FIELD_TYPE,
    ]
    assert isinstance(more[-1], ParsedEvent)
    assert parse(b'{"batch":[]}', {}) == []
    assert reason(b'{"batch":[%b]}' % b",".join([b"{}"] * 1_001)) is Reason.TOO_LARGE


def test_type_by_path() -> None:
    """The HTTP API's calls name their kind in the path only."""
    event = one(parse(body(type=None), {"path": "/v1/track"}))

    assert (event.event, event.event_name) == ("track", "Bought")
    assert reason(body(type=None)) is Reason.FIELD_MISSING


def test_a_device_is_described_but_not_named() -> None:
    """Its model and system are hints and context; its ids, token and its owner's name for it are not read."""
    device = {
        "id": "ID",
        "advertisingId": "AD",
        "token": "T",
        "name": "Jane's phone",
        "model": "Pixel 8",
        "type": "android",
    }
    event = one(parse(body(context={"device": device, "os": {"name": "Android", "version": "14"}}), {}))

    assert json.loads(event.contexts) == {
        "device": {"model": "Pixel 8", "type": "android"},
        "os": {"name": "Android", "version": "14"},
    }
    assert json.loads(event.ua_hints) == {"model": "Pixel 8", "platform": "Android", "platformVersion": "14"}
