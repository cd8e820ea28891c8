from typing import Any

import pytest

from tests.anonymize.engine import rules_of, run


def is_for(match: dict[str, Any], given: dict[str, Any], **file: Any) -> bool:
    """Whether a rule with this match takes the event."""
    rules = rules_of({"action": "drop_event", "match": match}, **file)
    return run(rules, country_of={"203.0.113.0": "DE"}.get, **given) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("match", "given", "expected"),
    [
        ({"app": ["shop"]}, {}, True),
        ({"app": ["sh*", "x"]}, {}, True),
        ({"app": ["x"]}, {}, False),
        ({"event": ["page_view"]}, {}, True),
        ({"event": ["check*"]}, {"event": "track", "event_name": "checkout"}, True),
        ({"event": ["check"]}, {"event": "track", "event_name": "checkout"}, False),
        ({"country": ["DE"]}, {"ip": "203.0.113.9"}, True),
        ({"country": ["FR"]}, {"ip": "203.0.113.9"}, False),
        ({"country": ["unknown"]}, {"ip": "198.51.100.9"}, True),
        ({"country": ["unknown"]}, {}, True),
        ({"fields": {"user_id": {"present": True}}}, {"user_id": "x"}, True),
        ({"fields": {"user_id": {"present": True}}}, {}, False),
        ({"fields": {"user_id": {"present": False}}}, {}, True),
        ({"fields": {"user_ipaddress": {"equals": ["203.0.113.9"]}}}, {"ip": "203.0.113.9"}, True),
        ({"fields": {"anonymous_id": {"pattern": "^t-"}}}, {"anonymous_id": "t-1"}, True),
        ({"fields": {"anonymous_id": {"pattern": "^t-"}}}, {"anonymous_id": "x-t-1"}, False),
        ({"fields": {"se_value": {"equals": ["2.0"]}}}, {"se_value": 2.0}, True),
        ({"fields": {"properties.a": {"equals": ["1"]}}}, {"properties": {"a": "1"}}, True),
        ({"fields": {"properties.a": {"present": False}}}, {"properties": {"b": "1"}}, True),
        ({"fields": {"properties.a.b": {"equals": ["true"]}}}, {"properties": {"a": '{"b":true}'}}, True),
        ({"fields": {"properties.*": {"pattern": "secret"}}}, {"properties": {"a": "x", "b": "a secret"}}, True),
        ({"fields": {"contexts.**.n": {"equals": ["7"]}}}, {"contexts": '[{"d":{"n":7}}]'}, True),
        ({"fields": {"contexts.**.n": {"equals": ["7"]}}}, {"contexts": '[{"d":{"n":'}, False),
        ({"app": ["shop"], "event": ["x"]}, {}, False),
        ({"fields": {"page_title": {"pattern": "a", "equals": ["ab", "b"]}}}, {"page_title": "b"}, False),
        ({"fields": {"page_title": {"pattern": "a"}}}, {"page_title": "\ud800"}, True),
    ],
)
def test_a_match_is_for_the_events_it_says(match: dict[str, Any], given: dict[str, Any], expected: bool) -> None:
    """All keys of it must hold, of a list one; what cannot be searched counts as found."""
    assert is_for(match, given) is expected


@pytest.mark.parametrize(
    ("value", "state"), [("TRUE", "granted"), ("no", "denied"), ("maybe", "unknown"), (None, "unknown")]
)
def test_consent_is_what_the_first_source_that_knows_says(value: str | None, state: str) -> None:
    """In any case of letters; what no source knows is unknown."""
    consent = [{"path": "properties.first"}, {"path": "properties.second", "granted": ["maybe not"]}]
    given = {"properties": {"first": "?", "second": "?"} | ({"first": value} if value else {})}

    found = [one for one in ("granted", "denied", "unknown") if is_for({"consent": [one]}, given, consent=consent)]
    assert found == [state]


def test_base64_is_read_where_it_is_declared() -> None:
    """A test sees what the rules see."""
    match = {"fields": {"properties.b": {"equals": ["ann"]}}}

    assert is_for(match, {"properties": {"b": "YW5u"}}, base64=["properties.b"])
    assert not is_for(match, {"properties": {"b": "YW5u"}})


def test_unless_takes_events_away() -> None:
    """Of those that match."""
    rules = rules_of(
        {
            "action": "drop_event",
            "match": {"app": ["shop"]},
            "unless": {"event": ["order"], "fields": {"user_id": {"present": True}}},
        }
    )

    assert run(rules) is None
    assert run(rules, event="order") is None
    assert run(rules, event="order", user_id="ann") is not None
    assert run(rules, app_id="x") is not None
