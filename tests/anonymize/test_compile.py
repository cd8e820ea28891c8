"""Rules as a whole: which act, in which order, on what."""

from collections import Counter
from typing import Any

import pytest

from streams.anonymize.rules import default_rules
from streams.records import NO_ID
from tests.anonymize.engine import kept, rules_of, run

MASK = {"action": "mask", "fields": ["page_title"], "word": "one"}
REDACT_WORD = {"action": "redact", "fields": ["page_title"], "find": [{"name": "x", "pattern": "secret"}]}


def test_rules_act_in_their_order() -> None:
    """The second sees what the first left."""
    two: dict[str, Any] = {"action": "mask", "fields": ["page_title"], "word": "two", "keep_first": 1}

    assert kept(rules_of(REDACT_WORD, two), page_title="secret").page_title == "(two"
    assert kept(rules_of(two, REDACT_WORD), page_title="secret").page_title == "stwo"


def test_what_a_rule_matches_is_the_event_as_it_came_in() -> None:
    """However far down the rule stands."""
    drop = {"action": "drop_event", "match": {"fields": {"page_title": {"equals": ["secret"]}}}}

    assert run(rules_of(MASK, drop), page_title="secret") is None
    assert run(rules_of(MASK, drop), page_title="one") is not None


def test_no_file_lets_an_address_or_an_id_out() -> None:
    """What no rule asks for is done anyway: networks, pseudonyms; device ids have no place at all."""
    event = kept(rules_of(), ip="203.0.113.77", user_id="ann", domain_sessionid="s-1", domain_userid="d-1")

    assert event.user_ipaddress == "203.0.113.0"
    assert len(event.user_id) == len(event.domain_sessionid) == 32
    assert event.visitor_id != NO_ID


def test_the_narrowest_network_stays() -> None:
    """Whatever the order."""
    wide = {"action": "truncate_ip", "fields": ["user_ipaddress"], "v4": 16, "v6": 32}
    narrow = {"action": "truncate_ip", "fields": ["user_ipaddress"]}

    for rules in (rules_of(wide, narrow), rules_of(narrow, wide)):
        assert kept(rules, ip="203.0.113.77").user_ipaddress == "203.0.0.0"
        assert kept(rules, ip="2001:db8:1:2::7").user_ipaddress == "2001:db8::"
        assert kept(rules, ip="2002:cb00:7150::1").user_ipaddress == "2002:cb00::"  # 6to4: 203.0.113.80 within


@pytest.mark.parametrize("field", ["user_ipaddress", "user_id", "page_title", "page_url", "contexts", "visitor_id"])
def test_a_dropped_field_is_empty_and_not_counted(field: str) -> None:
    """A rule's will is no failure."""
    removed: Counter[str] = Counter()
    given = {"ip": "203.0.113.7", "user_id": "ann", "page_title": "x", "page_url": "/x", "contexts": "[1]"}
    event = kept(rules_of({"action": "drop_field", "fields": [field]}), removed=removed, **given)

    assert getattr(event, field) in ("", NO_ID)
    assert not removed


def test_keep_only_leaves_the_event_and_what_is_named() -> None:
    """Ids of the event, times, app and kind stay; all other fields go."""
    rules = rules_of({"action": "keep_only", "fields": ["page_url", "properties.a", "properties.b.c"]})
    event = kept(
        rules,
        ip="203.0.113.7",
        user_id="ann",
        page_url="/x",
        page_title="t",
        se_value=2.0,
        dvce_screenwidth=3,
        dvce_sent_tstamp=5,
        contexts="[1]",
        properties={"a": "1", "b": '{"c":1,"d":2}', "e": "3"},
    )

    assert (event.page_url, event.properties) == ("/x", {"a": "1", "b": '{"c":1}'})
    assert (event.event, event.app_id) == ("page_view", "shop")
    assert event.visitor_id != NO_ID
    assert (event.user_ipaddress, event.user_id, event.page_title, event.contexts) == ("", "", "", "")
    assert (event.se_value, event.dvce_screenwidth, event.dvce_sent_tstamp) == (None, 0, None)


def test_keep_only_within_leaves_other_fields_alone() -> None:
    """Only below the named one."""
    rules = rules_of({"action": "keep_only", "within": "properties", "fields": ["properties.a"]})
    event = kept(rules, page_title="t", properties={"a": "1", "b": "2"})

    assert (event.page_title, event.properties) == ("t", {"a": "1"})


def test_times_numbers_and_texts_are_generalized() -> None:
    """Each in its own way."""
    rules = rules_of(
        {"action": "generalize", "fields": ["dvce_created_tstamp", "collector_tstamp"], "to": "day"},
        {"action": "generalize", "fields": ["se_value", "dvce_screenwidth", "properties.n"], "step": 50},
    )
    removed: Counter[str] = Counter()
    event = kept(
        rules,
        removed=removed,
        dvce_created_tstamp=90_000_000,
        se_value=-1.5,
        dvce_screenwidth=1920,
        properties={"n": "99.9", "o": "7"},
    )

    assert (event.dvce_created_tstamp, event.collector_tstamp % 86_400_000) == (86_400_000, 0)
    assert (event.se_value, event.dvce_screenwidth) == (-50.0, 1900)
    assert event.properties == {"n": "50", "o": "7"}


def test_what_an_action_cannot_read_is_removed_and_counted() -> None:
    """In columns, URLs, properties and within them."""
    removed: Counter[str] = Counter()
    rules = rules_of(
        {"action": "truncate_ip", "fields": ["se_label", "properties.ip", "properties.deep.ip"]},
        {"action": "generalize", "fields": ["properties.n"], "step": 1},
        {"action": "drop_field", "fields": ["properties.broken.x", "contexts.x"]},
        {"action": "url_query", "fields": ["page_url"]},
        base64=["properties.b64"],
    )
    event = kept(
        rules,
        removed=removed,
        se_label="no address",
        page_url="http://[::1",
        contexts='{"x": 1',
        properties={"ip": "host", "deep": '{"ip":"host","ok":1}', "n": "many", "broken": '{"x":', "b64": "%%%"},
    )

    assert (event.se_label, event.page_url, event.contexts) == ("", "", "")
    assert event.properties == {"deep": '{"ok":1}'}
    assert removed == {"se_label": 1, "page_url": 1, "contexts": 1, "properties": 5}


def test_an_event_goes_only_with_a_field_it_must_have() -> None:
    """Its kind, its app; all else is removed alone."""
    removed: Counter[str] = Counter()
    rules = rules_of({"action": "truncate_ip", "fields": ["event", "page_title"]})

    assert run(rules, removed=removed, event="no address") is None
    assert removed == {"event": 1}


def test_names_of_properties_are_searched_and_not_masked() -> None:
    """A search looks at names too; a mask leaves them, or nobody could tell values apart."""
    properties = {"ann@example.com": "ann@example.com", "k": "v"}
    redact = rules_of({"action": "redact", "fields": ["properties"], "find": ["email"]})
    mask = rules_of({"action": "mask", "fields": ["properties"]})

    assert kept(redact, properties=properties).properties == {"(email)": "(email)", "k": "v"}
    assert kept(mask, properties={"a": "b", "n": '{"x":[1,true,null]}'}).properties == {
        "a": "(masked)",
        "n": '{"x":["(masked)","(masked)",null]}',
    }


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("contexts", ""),
        (
            "contexts.*.data.mail",
            '[{"schema":"iglu:com.acme/user/jsonschema/1-0-0","data":{"n":1}},{"deep":[{"mail":"b"}]}]',
        ),
        ("contexts.**.mail", '[{"schema":"iglu:com.acme/user/jsonschema/1-0-0","data":{"n":1}},{"deep":[{}]}]'),
        (
            'contexts."iglu:com.acme/*".data',
            '[{"schema":"iglu:com.acme/user/jsonschema/1-0-0"},{"deep":[{"mail":"b"}]}]',
        ),
        (
            "contexts.1.deep.0",
            '[{"schema":"iglu:com.acme/user/jsonschema/1-0-0","data":{"mail":"a","n":1}},{"deep":[null]}]',
        ),
        (
            "contexts.*.d*.m?il",
            '[{"schema":"iglu:com.acme/user/jsonschema/1-0-0","data":{"n":1}},{"deep":[{"mail":"b"}]}]',
        ),
    ],
)
def test_a_path_leads_to_values_at_any_depth(path: str, left: str) -> None:
    """By names, places, patterns, schemas."""
    contexts = '[{"schema":"iglu:com.acme/user/jsonschema/1-0-0","data":{"mail":"a","n":1}},{"deep":[{"mail":"b"}]}]'

    assert kept(rules_of({"action": "drop_field", "fields": [path]}), contexts=contexts).contexts == left


@pytest.mark.parametrize("action", [{"action": "redact", "find": ["email"]}, {"action": "mask"}])
@pytest.mark.parametrize("unreadable", ["[,]", '[{"b":"[,]"}]'])
def test_a_path_into_what_cannot_be_read_keeps_none_of_it(action: dict[str, Any], unreadable: str) -> None:
    """Also where a search would find nothing in the text as it stands; the part that can be read stays."""
    removed = Counter[str]()
    event = kept(rules_of({**action, "fields": ["contexts.**.a"]}), removed=removed, contexts=unreadable)

    assert event.contexts == ("" if unreadable == "[,]" else "[{}]")
    assert removed == {"contexts": 1}


def test_json_within_json_within_a_property_is_gone_into() -> None:
    """Trackers send texts that hold JSON that holds texts that hold JSON; doubled keys hide nothing."""
    find = rules_of({"action": "redact", "fields": ["properties"], "find": ["email"]})
    nested = '{"a":"{\\"b\\":\\"ann\\\\u0040example.com\\"}","c":1}'

    assert kept(find, properties={"p": nested}).properties == {"p": '{"a":"{\\"b\\":\\"(email)\\"}","c":1}'}
    assert kept(find, properties={"p": '{"a":"x@y.example","a":"z"}'}).properties == {"p": '{"a":"z"}'}


def test_base64_is_opened_where_it_is_declared_only() -> None:
    """In columns and properties, in both alphabets, with paths that go on inside."""
    rules = rules_of(
        {"action": "redact", "fields": ["se_label", "properties.b", "properties.j.mail"], "find": ["email"]},
        base64=["se_label", "properties.b", "properties.j"],
    )
    event = kept(
        rules,
        se_label="YW5uQGV4YW1wbGUuY29t",
        properties={
            "b": "Pz8_YW5uQGV4YW1wbGUuY29t",
            "j": "eyJtYWlsIjoiYW5uQGV4YW1wbGUuY29tIn0",
            "o": "YW5uQGV4YW1wbGUuY29t",
        },
    )

    assert event.se_label == "KGVtYWlsKQ=="
    assert event.properties["b"] == "Pz8_KGVtYWlsKQ=="
    assert event.properties["j"] == "eyJtYWlsIjoiKGVtYWlsKSJ9"
    assert event.properties["o"] == "YW5uQGV4YW1wbGUuY29t"


def test_base64_within_json_is_opened_and_written_back() -> None:
    """In contexts, in JSON within JSON, by more than one path; what is no base64 goes, and is counted."""
    paths = ["contexts.*.data.b", "contexts.**.b", "properties.j.k.b"]
    rules = rules_of({"action": "redact", "fields": ["contexts", "properties"], "find": ["email"]}, base64=paths)
    mail, masked, removed = "YW5uQGV4YW1wbGUuY29t", "KGVtYWlsKQ==", Counter[str]()
    event = kept(
        rules,
        removed=removed,
        contexts=f'[{{"data":{{"b":"{mail}","c":"{mail}"}}}},{{"data":{{"b":"a@b.example"}}}}]',
        properties={"j": f'{{"k":"{{\\"b\\":\\"{mail}\\"}}"}}'},
    )

    assert event.contexts == f'[{{"data":{{"b":"{masked}","c":"{mail}"}}}},{{"data":{{}}}}]'
    assert event.properties == {"j": f'{{"k":"{{\\"b\\":\\"{masked}\\"}}"}}'}
    assert removed == {"contexts": 1}


def test_pseudonyms_of_one_purpose_can_be_joined_and_others_not() -> None:
    """By default every field has its own."""
    given = {"user_id": "ann", "properties": {"a": "ann", "b": "ann"}}
    own = {"action": "pseudonymize", "fields": ["properties.a", "properties.b"]}
    joint = {**own, "purpose": "user_id"}

    apart, joined = kept(rules_of(own), **given), kept(rules_of(joint), **given)
    assert len({apart.user_id, *apart.properties.values()}) == 3
    assert {joined.user_id, *joined.properties.values()} == {joined.user_id}


def test_own_ids_are_struck_where_the_rule_says() -> None:
    """In those columns, and no others; in JSON without breaking it."""
    rules = rules_of({"action": "redact", "fields": ["page_title", "contexts"], "find": ["own"]})
    event = kept(
        rules,
        user_id="123456789",
        page_title="of 123456789",
        se_label="of 123456789",
        contexts='{"u":123456789,"v":"123456789"}',
    )

    assert (event.page_title, event.se_label) == ("of (user)", "of 123456789")
    assert event.contexts == '{"u":"(user)","v":"(user)"}'


def test_without_the_rule_for_queries_they_stay_and_are_searched() -> None:
    """A URL keeps query and fragment, less what is found in them."""
    rules = rules_of({"action": "redact", "fields": ["urls"], "find": ["email", "ip"]})
    event = kept(rules, page_url="https://192.0.2.9/p/192.0.2.9?q=ann@example.com&b=1#ann@example.com")

    assert event.page_url == "https://192.0.2.9/p/192.0.2.0?q=(email)&b=1#(email)"


def test_actions_on_a_url_in_any_order() -> None:
    """Those that know its parts, and those that see a text."""
    template = {"action": "url_template", "fields": ["page_url"]}
    query = {"action": "url_query", "fields": ["page_url"], "keep": ["p"]}
    word = {"action": "mask", "fields": ["page_url"], "word": "…", "keep_first": 3}

    assert kept(rules_of(template, query), page_url="/o/12?p=1&q=2").page_url == "/o/:id?p=1"
    assert kept(rules_of(query, word), page_url="/o/12?p=1&q=2").page_url == "/o/…"
    assert kept(rules_of(word, query), page_url="/o/12?p=1&q=2").page_url == "/o/…"


def test_broken_json_within_json_goes_when_a_path_leads_into_it() -> None:
    """Only it, and counted; where no path leads it stays."""
    removed: Counter[str] = Counter()
    rules = rules_of({"action": "drop_field", "fields": ["properties.a.p.x", "contexts.p.x"]})
    nested = '{"p":"{\\"x\\":","q":"{\\"x\\":"}'
    event = kept(rules, removed=removed, properties={"a": nested}, contexts=nested)

    assert event.properties == {"a": '{"q":"{\\"x\\":"}'}
    assert event.contexts == '{"q":"{\\"x\\":"}'
    assert removed == {"properties": 1, "contexts": 1}


def test_own_ids_are_struck_within_base64_that_is_declared() -> None:
    """In columns, properties and what lies inside of them; where it is not declared they stay."""
    find = {"action": "redact", "fields": ["se_label", "properties", "contexts"], "find": ["own"]}
    packed = "c2VlIGFubi0xMjM0NQ"  # see ann-12345
    given: dict[str, Any] = {
        "user_id": "ann-12345",
        "se_label": packed,
        "properties": {"b": packed, "o": packed, "j": f'{{"b":"{packed}"}}'},
        "contexts": f'[{{"data":{{"b":"{packed}"}}}}]',
    }
    struck = "c2VlICh1c2VyKQ"  # see (user)

    event = kept(rules_of(find, base64=["se_label", "properties.b", "properties.j.b", "contexts.*.data.b"]), **given)
    assert (event.se_label, event.contexts) == (struck, f'[{{"data":{{"b":"{struck}"}}}}]')
    assert event.properties == {"b": struck, "o": packed, "j": f'{{"b":"{struck}"}}'}
    assert kept(rules_of(find), **given).properties["b"] == packed


@pytest.mark.parametrize(
    ("number", "left"),
    [
        (4929770000000024.0, None),
        (-4929770000000024.0, None),
        (10017123.0, None),
        (2.0**53, None),
        (4929770000000025.0, 4929770000000025.0),
        (12.5, 12.5),
        (0.0, 0.0),
    ],
)
def test_a_number_that_holds_a_find_is_removed(number: float, left: float | None) -> None:
    """A card, an id of the event, and what is no longer the number that was sent: no word can stand in its place."""
    removed: Counter[str] = Counter()
    event = kept(default_rules(), removed=removed, se_value=number, user_id="10017123")

    assert event.se_value == left
    assert removed == ({} if left is not None else {"se_value": 1})


def test_a_number_is_searched_before_it_is_made_coarser_and_after_enrichment_too() -> None:
    """Whatever the rules' order: a coarse card is half a card."""
    coarse = {"action": "generalize", "fields": ["se_value"], "step": 10}
    find = {"action": "redact", "fields": ["se_value"], "find": ["card"]}
    for rules in (rules_of(coarse, find), rules_of(find, coarse), rules_of({**find, "when": "after"})):
        assert kept(rules, se_value=4929770000000024.0).se_value is None
    assert kept(rules_of(find, coarse), se_value=37.5).se_value == 30
    assert kept(rules_of(coarse), se_value=37.5).se_value == 30
