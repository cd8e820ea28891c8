"""Snowplow's tracker protocol to events."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.outcome import Dead, Reason
from streams.parse.admission import Limits
from streams.parse.options import ParseOptions
from streams.parse.result import Empty, Headers, Parsed
from streams.parse.snowplow import make_snowplow
from streams.parse.snowplow_event import KEYS, PROPERTIES
from streams.records import ParsedEvent
from tests.property.poison import PAYLOAD, body, contexts, encoded, self_describing, tp2

parse = make_snowplow()
SNOWPLOW = "iglu:com.snowplowanalytics.snowplow/"
ALL_KEYS = (
    "tna aid p dtm tz e tid eid tv duid nuid uid vid ip res url page refr fp ctype cookie lang f_pdf f_qt f_realp "
    "f_wma f_dir f_fla f_java f_gears f_ag cd ds cs vp mac pp_mix pp_max pp_miy pp_may ad_ba ad_ca ad_ad ad_uid tr_id "
    "tr_af tr_tt tr_tx tr_sh tr_ci tr_st tr_co tr_cu ti_id ti_sk ti_nm ti_na ti_ca ti_pr ti_qu ti_cu sa sn st sp se_ca "
    "se_ac se_la se_pr se_va ue_na ue_pr ue_px co cx ua tnuid stm sid ttm"
).split()


def events(parsed: Parsed) -> list[ParsedEvent]:
    assert isinstance(parsed, list), parsed
    assert all(isinstance(event, ParsedEvent) for event in parsed), parsed
    return [event for event in parsed if isinstance(event, ParsedEvent)]


def one(headers: Headers | None = None, **keys: Any) -> ParsedEvent:
    (event,) = events(parse(body(tp2(**keys)), headers or {}))
    return event


def verdict(value: bytes, headers: Headers | None = None) -> Reason:
    parsed = parse(value, headers or {})
    (dead,) = parsed if isinstance(parsed, list) else (parsed,)
    assert isinstance(dead, Dead), dead
    return dead.reason


def test_all_keys_of_the_schema_are_known() -> None:
    """The 80 keys of payload_data 1-0-4, less the fingerprints of a device or person."""
    assert len(ALL_KEYS) == 80
    assert set(ALL_KEYS) - KEYS == {"fp", "mac", "ad_uid"}
    assert set(ALL_KEYS) >= KEYS


FULL = {
    "e": "pv", "p": "mob", "tv": "js-4", "tna": "sp", "aid": "shop", "eid": "0190F000-0000-7000-8000-000000000001",
    "dtm": "1716164880000", "stm": "1716164880500", "ttm": "1716164880100", "duid": "d1", "nuid": "n1", "tnuid": "n2",
    "uid": "u1", "sid": "s1", "vid": "3", "ip": "192.0.2.9", "ua": "curl/8", "url": "https://shop.example/",
    "page": "Räv", "refr": "https://r.example/", "lang": "sv", "tz": "Europe/Stockholm", "res": "1920x1080",
    "vp": "1440x900.5", "ds": "1440x3000", "cd": "24", "cs": "UTF-8", "cookie": "1", "fp": "99", "mac": "aa:bb",
}  # fmt: skip


def test_fields_become_columns() -> None:
    """Each key where the docs say; ids of the tracker's own network go before the collector's; fp and mac go."""
    (event,) = events(parse(body(FULL), {"ip": "198.51.100.1", "user_agent": "other"}))

    assert event == ParsedEvent(
        app_id="shop", platform="mob", event="page_view", event_name="page_view",
        event_id="0190F000-0000-7000-8000-000000000001", dvce_created_tstamp=1716164880000,
        dvce_sent_tstamp=1716164880500, true_tstamp=1716164880100, ip="192.0.2.9", useragent="curl/8",
        domain_userid="d1", network_userid="n2", user_id="u1", domain_sessionid="s1", page_url="https://shop.example/",
        page_title="Räv", page_referrer="https://r.example/", br_lang="sv", os_timezone="Europe/Stockholm",
        dvce_screenwidth=1920, dvce_screenheight=1080,
        properties={
            "v_tracker": "js-4", "name_tracker": "sp", "domain_sessionidx": "3", "br_colordepth": "24",
            "doc_charset": "UTF-8", "br_cookies": "1", "br_viewwidth": "1440", "br_viewheight": "900",
            "doc_width": "1440", "doc_height": "3000",
        },
    )  # fmt: skip


def test_query_string_says_the_same() -> None:
    """GET gives what POST gives: alone, as a target, and where only the path has it."""
    query = urlencode(FULL)
    expected = parse(body(FULL), {})

    assert parse(query.encode(), {}) == expected
    assert parse(f"/i?{query}".encode(), {}) == expected
    assert parse(b"", {"path": f"/i?{query}"}) == expected


def test_query_beside_a_body_goes_before_it() -> None:
    """Collector parameters override the same keys of every event of the body."""
    parsed = events(parse(body(tp2(aid="a"), tp2(aid="b", uid="u")), {"path": "/x/tp2?aid=q&uid=v&zzz=1"}))

    assert [(event.app_id, event.user_id) for event in parsed] == [("q", "v"), ("q", "v")]


def test_the_transport_knows_the_app() -> None:
    """Header app_id goes before aid; ip and user agent of the headers stand in."""
    event = one({"app_id": "checked", "ip": "192.0.2.1", "user_agent": "UA"}, aid="claimed")

    assert (event.app_id, event.ip, event.useragent) == ("checked", "192.0.2.1", "UA")


@pytest.mark.parametrize("nobody", ["00000000-0000-0000-0000-000000000000", "00000000-0000-4000-A000-000000000000"])
def test_ids_of_nobody_are_none(nobody: str) -> None:
    """What anonymous mode sends is no visitor that thousands share."""
    event = one(duid=nobody, nuid=nobody, sid=nobody)

    assert (event.domain_userid, event.network_userid, event.domain_sessionid) == ("", "", "")


@pytest.mark.parametrize(
    ("key", "event"),
    [
        ("pv", "page_view"), ("pp", "page_ping"), ("se", "struct"), ("ev", "struct"), ("tr", "transaction"),
        ("ti", "transaction_item"), ("ad", "ad_impression"),
    ],
)  # fmt: skip
def test_kinds(key: str, event: str) -> None:
    """Each kind by Snowplow's name."""
    assert one(e=key).event == event


def test_struct_event() -> None:
    """The five fields; the action is the event's name, as a step needs one."""
    event = one(e="se", se_ca="shop", se_ac="add", se_la="SKU", se_pr="pcs", se_va="2.5")

    assert (event.event_name, event.se_category, event.se_action) == ("add", "shop", "add")
    assert (event.se_label, event.se_property, event.se_value) == ("SKU", "pcs", 2.5)


def test_page_ping_and_commerce_are_properties() -> None:
    """Under Snowplow's column names; whole numbers lose their fractions."""
    ping = one(e="pp", pp_mix="0", pp_max="10.7", pp_miy="-1", pp_may="850").properties
    order = one(e="tr", tr_id="o1", tr_tt="12.5", tr_cu="EUR").properties

    assert {name: ping[name] for name in ping if name.startswith("pp_")} == {
        "pp_xoffset_min": "0", "pp_xoffset_max": "10", "pp_yoffset_min": "-1", "pp_yoffset_max": "850",
    }  # fmt: skip
    assert (order["tr_orderid"], order["tr_total"], order["tr_currency"]) == ("o1", "12.5", "EUR")


def padded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("key", ["ue_pr", "ue_px"])
@pytest.mark.parametrize("pack", [encoded, padded])
def test_self_describing_event(key: str, pack: Any) -> None:
    """Its data are properties, its schema's name the event's; base64 of either alphabet, padded or not."""
    text = self_describing(
        "iglu:com.acme/checkout_step/jsonschema/2-0-1", {"step": 2, "note": "naïve ☃??>>", "x": {"y": []}}
    )
    (event,) = events(parse(body(tp2(**{"e": "ue", key: text if key == "ue_pr" else pack(text)})), {}))

    assert (event.event, event.event_name) == ("unstruct", "checkout_step")
    assert event.properties == {
        "v_tracker": "js-4", "step": "2", "note": "naïve ☃??>>", "x": '{"y":[]}', "event_vendor": "com.acme",
        "event_version": "2-0-1",
    }  # fmt: skip


def test_gitlab_custom_event_and_user_context() -> None:
    """The custom event goes by its own name, its props are the properties; the user's traits stay in contexts."""
    event = one(
        e="ue",
        ue_pr=self_describing(
            "iglu:com.gitlab/custom_event/jsonschema/1-0-0", {"name": "purchase", "props": {"sku": "S"}}
        ),
        co=contexts(("iglu:com.gitlab/user_context/jsonschema/1-0-0", {"plan": "gold"})),
    )

    assert (event.event_name, event.properties["sku"]) == ("purchase", "S")
    assert json.loads(event.contexts) == [
        {"schema": "iglu:com.gitlab/user_context/jsonschema/1-0-0", "data": {"plan": "gold"}}
    ]


def test_known_contexts_fill_columns_and_lose_identities() -> None:
    """A session's and device's ids become the event's identity or go; screen, language, hints, webdriver are read."""
    event = one(
        cx=encoded(
            contexts(
                (SNOWPLOW + "web_page/jsonschema/1-0-0", {"id": "p1"}),
                (
                    SNOWPLOW + "client_session/jsonschema/1-0-2",
                    {"userId": "U", "sessionId": "S", "sessionIndex": 7, "previousSessionId": "P", "firstEventId": "F"},
                ),
                (
                    SNOWPLOW + "browser_context/jsonschema/2-0-0",
                    {"webdriver": True, "resolution": "800x600", "browserLanguage": "de", "tabId": "T"},
                ),
                (
                    SNOWPLOW + "mobile_context/jsonschema/1-0-3",
                    {
                        "osType": "ios",
                        "osVersion": "17.5",
                        "deviceModel": "iPhone15,2",
                        "appleIdfa": "IDFA",
                        "appleIdfv": "V",
                    },
                ),
                (SNOWPLOW + "geolocation_context/jsonschema/1-1-0", {"latitude": 59.3, "longitude": 18.1}),
                ("iglu:org.ietf/http_cookie/jsonschema/1-0-0", {"name": "sid", "value": "secret"}),
            )
        )
    )

    assert (event.domain_userid, event.domain_sessionid, event.properties["domain_sessionidx"]) == ("U", "S", "7")
    assert (event.webdriver, event.dvce_screenwidth, event.dvce_screenheight, event.br_lang) == (True, 800, 600, "de")
    assert json.loads(event.ua_hints) == {
        "platform": "iOS",
        "platformVersion": "17.5",
        "model": "iPhone15,2",
        "mobile": True,
    }
    kept = {entity["schema"].split("/")[1]: entity["data"] for entity in json.loads(event.contexts)}
    assert kept == {
        "web_page": {"id": "p1"},
        "client_session": {"sessionIndex": 7},
        "browser_context": {"webdriver": True, "resolution": "800x600", "browserLanguage": "de"},
        "mobile_context": {"osType": "ios", "osVersion": "17.5", "deviceModel": "iPhone15,2"},
    }


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        pytest.param({"e": None}, Reason.FIELD_MISSING, id="no kind"),
        pytest.param({"e": "xx"}, Reason.EVENT_UNKNOWN, id="unknown kind"),
        pytest.param({"p": "fridge"}, Reason.FIELD_TYPE, id="unknown platform"),
        pytest.param({"res": 5}, Reason.FIELD_TYPE, id="a number"),
        pytest.param({"res": "wide"}, Reason.FIELD_TYPE, id="no size"),
        pytest.param({"res": "65536x1"}, Reason.FIELD_RANGE, id="size above UInt16"),
        pytest.param({"vp": "1x" + "9" * 5_000}, Reason.TOO_LARGE, id="size of 5,000 digits"),
        pytest.param({"vp": "1x" + "9" * 200}, Reason.FIELD_RANGE, id="size of 200 digits"),
        pytest.param({"vid": "x"}, Reason.FIELD_TYPE, id="no number"),
        pytest.param({"vid": "2147483648"}, Reason.FIELD_RANGE, id="above Int32"),
        pytest.param({"e": "se", "se_va": "NaN"}, Reason.FIELD_TYPE, id="NaN"),
        pytest.param({"e": "se", "se_va": "1e999"}, Reason.FIELD_RANGE, id="infinite"),
        pytest.param({"dtm": "yesterday"}, Reason.TIME_UNREADABLE, id="no time"),
        pytest.param({"stm": "4294967296000"}, Reason.TIME_RANGE, id="in 2106"),
        pytest.param({"url": "x" * 8_193}, Reason.TOO_LARGE, id="long text"),
        pytest.param({"uid": "a\0b"}, Reason.ENCODING, id="NUL"),
        pytest.param({"uid": "\ud800"}, Reason.ENCODING, id="half a pair"),
        pytest.param({"e": "ue"}, Reason.FIELD_MISSING, id="no data"),
        pytest.param({"e": "ue", "ue_px": "%%%"}, Reason.ENCODING, id="no base64"),
        pytest.param({"e": "ue", "ue_pr": "{"}, Reason.SYNTAX, id="no JSON"),
        pytest.param({"e": "ue", "ue_pr": "[" * 99}, Reason.TOO_LARGE, id="deep"),
        pytest.param({"e": "ue", "ue_pr": self_describing("acme", {})}, Reason.SCHEMA_INVALID, id="no URI"),
        pytest.param({"e": "ue", "ue_pr": contexts()}, Reason.FIELD_TYPE, id="contexts for an event"),
        pytest.param({"co": '{"schema":"iglu:a/b/jsonschema/1-0-0","data":[]}'}, Reason.SCHEMA_INVALID, id="wrapper"),
        pytest.param({"co": contexts(*[("iglu:a/b/jsonschema/1-0-0", {})] * 101)}, Reason.TOO_LARGE, id="contexts"),
    ],
)  # fmt: skip
def test_dead(keys: dict[str, Any], reason: Reason) -> None:
    """What cannot be used, alone and among mates, which stay."""
    bad = tp2(**keys)

    assert verdict(body(bad)) is reason
    parsed = parse(body(tp2(), bad, tp2()), {})
    assert isinstance(parsed, list)
    assert [type(item) for item in parsed] == [ParsedEvent, Dead, ParsedEvent]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{", Reason.SYNTAX),
        (b"hello", Reason.SYNTAX),
        (b"[]", Reason.FIELD_TYPE),
        (b"{}", Reason.FIELD_MISSING),
        (b'{"schema":"iglu:com.acme/x/jsonschema/1-0-0","data":[{}]}', Reason.EVENT_UNKNOWN),
        (b'{"data":[{}]}', Reason.FIELD_MISSING),
        (b"\xff", Reason.ENCODING),
        (b"e=pv&page=%FF", Reason.ENCODING),
        (b"e=pv&page=%00", Reason.ENCODING),
        (b"a=1&" * 1_001, Reason.TOO_LARGE),
        (b"e=" + b"x" * 1_000_000, Reason.TOO_LARGE),
        (body(*[tp2()] * 1_001), Reason.TOO_LARGE),
        (b'{"schema":"%b","data":[{"a":%b}]}' % (PAYLOAD.encode(), b"[" * 300 + b"]" * 300), Reason.TOO_LARGE),
    ],
)
def test_dead_as_a_whole(value: bytes, reason: Reason) -> None:
    """Bodies whose events cannot be told apart, or are too many."""
    assert verdict(value) is reason


def test_nothing_is_empty() -> None:
    """A blank body and one without events hold nothing."""
    assert parse(b" \n", {}) == Empty()
    assert parse(body(), {}) == []


def test_a_check_refuses_by_schema() -> None:
    """The look-up is asked for the event and each context, and its verdict stands."""
    asked = []

    def check(uri: str, data: object) -> Dead | None:
        asked.append((uri, data))
        return Dead(Reason.SCHEMA_INVALID, "no") if data == {"a": 2} else None

    strict = make_snowplow(ParseOptions(check=check))
    uri = "iglu:com.acme/a/jsonschema/1-0-0"
    good, bad = contexts((uri, {"a": 1})), contexts((uri, {"a": 2}))
    parsed = strict(body(tp2(e="ue", ue_pr=self_describing(uri, {}), co=good), tp2(co=bad)), {})

    assert isinstance(parsed, list)
    assert [type(item) for item in parsed] == [ParsedEvent, Dead]
    assert asked == [(uri, {}), (uri, {"a": 1}), (uri, {"a": 2})]


def test_limits_of_options_and_of_apps_agree() -> None:
    """The parser's limits are those of an app that has none of its own."""
    assert (ParseOptions().record_bytes, ParseOptions().record_events) == (
        Limits().record_bytes,
        Limits().record_events,
    )


@given(
    st.dictionaries(st.sampled_from(sorted(PROPERTIES)), st.text("abc 123é&=+%", min_size=1, max_size=9), max_size=9)
)
def test_get_and_post_agree(keys: dict[str, str]) -> None:
    """Any texts under any keys: a query string and a body give the same event or the same reason."""
    fields = tp2(**keys)
    posted, got = parse(body(fields), {}), parse(urlencode(fields).encode(), {})

    if isinstance(got, Dead):
        assert isinstance(posted, list)
        assert posted == [got]
    else:
        assert posted == got
