"""The rules engine's promises, for events and rules of all kinds."""

import json
import re
import time
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.anonymize.action import FAILURES, TextAction
from streams.anonymize.anonymizer import make_anonymizer
from streams.anonymize.client import make_network
from streams.anonymize.generalize import make_coarse_text
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.redact import make_redact
from streams.anonymize.rules import default_rules
from streams.anonymize.ruleset import Generalize, Mask, OwnPattern, UrlTemplate
from streams.anonymize.template import make_text_template
from streams.anonymize.value import make_value
from streams.encode import decode
from streams.enrich.sources import open_lookups
from streams.keys import Keys
from streams.pipeline import Pipeline, PipelineOptions, make_pipeline
from streams.records import Event, ParsedEvent, RawBatch
from streams.scan.records import texts_of
from streams.settings import GeoSettings
from tests.anonymize.engine import DAY_MS, NOON, PLACE, SECRET, kept, rules_of
from tests.canary.offline import Raw

DEFAULT_REST = [rule for rule in yaml.safe_load(default_rules().text)["rules"] if rule["name"] != "visitor"]

BROKEN = st.text(st.characters(categories=["Cs"]), min_size=1).map(lambda text: f"a {text}")
"""Half characters: what no library can search or encode."""
NESTED = st.sampled_from(['{"a":', "[1,", '{"a":"\ud800"}', "{]", "[" * 5000])


def action(**words: Any) -> dict[str, Any]:
    """A rule on many fields."""
    return {"fields": ["page_title", "page_url", "properties", "contexts", "se_label"], **words}


RULES = [
    action(action="mask"),
    action(action="redact", find=["email", "ip", "card", "phone", "iban", "token", {"name": "w", "pattern": "secret"}]),
    action(action="url_query", keep=["utm_*"]),
    {"action": "url_template", "fields": ["page_url", "page_title", "properties"]},
    action(action="pseudonymize"),
    {"action": "drop_field", "fields": ["properties.a.b", "contexts.*.data", "se_label"]},
    {"action": "keep_only", "within": "properties", "fields": ["properties.a", "properties.b.c"]},
    {"action": "generalize", "fields": ["properties.n", "page_title"], "to": "major"},
    {"action": "drop_event", "match": {"fields": {"se_label": {"pattern": "drop"}}}},
    {"action": "pseudonymize", "fields": ["visitor_id", "user_id", "page_title"], "rotation": "daily"},
]
TEXTS = st.sampled_from([
    "", "ann@example.com", "203.0.113.77", "/u/7?q=ann@example.com", '{"b":"ann@example.com","c":1}', "https://x.example/1?utm_a=1",
    "secret", "drop", "1.2.3", "+49 30 901820", "\ud800", "plain words", "%61nn%40example.com",
])  # fmt: skip
NAMES = ["a", "b", "n", "ann@example.com"]
EVENTS = st.fixed_dictionaries(
    {"page_title": TEXTS, "page_url": TEXTS, "se_label": TEXTS, "contexts": TEXTS, "user_id": TEXTS},
    optional={
        "day": st.integers(0, 2),
        "properties": st.dictionaries(st.sampled_from(["a", "b", "n", "ann@example.com"]), TEXTS),
    },
)


@given(
    order=st.permutations(range(len(RULES))), used=st.integers(1, 4), events=st.lists(EVENTS, min_size=1, max_size=6)
)
def test_the_same_event_gives_the_same_in_any_batch(order: list[int], used: int, events: list[dict[str, Any]]) -> None:
    """Whatever came before it, in another worker, twice: memories change nothing."""
    rules = rules_of(*[RULES[number] for number in order[:used]])
    removed: Counter[str] = Counter()
    one = make_anonymizer(Keys(SECRET), SecretKeyring(SECRET), rules, removed)

    def run(anonymize: Any, fields: dict[str, Any], tally: Counter[str]) -> tuple[object, dict[str, int]]:
        tally.clear()
        when, content = NOON + fields.get("day", 0) * DAY_MS, {k: v for k, v in fields.items() if k != "day"}
        return anonymize(ParsedEvent(event="e", app_id="a", **content), PLACE, 0, when, when, when), dict(tally)

    first = [run(one, fields, removed) for fields in events]
    again = [run(one, fields, removed) for fields in reversed(events)][::-1]
    fresh = []
    for fields in events:
        tally: Counter[str] = Counter()
        fresh.append(run(make_anonymizer(Keys(SECRET), SecretKeyring(SECRET), rules, tally), fields, tally))
    assert first == again == fresh


ALONE: list[dict[str, Any]] = [
    {"action": "mask", "word": "w", "keep_first": 2, "keep_last": 1},
    {"action": "mask", "word": "***"},
    {"action": "redact", "find": ["email", "ip", "card", "phone"]},
    {"action": "redact", "find": [{"name": "w", "pattern": "[0-9]+"}]},
    {"action": "url_query", "keep": ["utm_*", "q"]},
    {"action": "url_template"},
    {"action": "pseudonymize"},
    {"action": "pseudonymize", "rotation": "monthly", "purpose": "p"},
]
ON_TEXT: list[dict[str, Any]] = [{"action": "generalize", "to": "major"}]
PLACES = ("page_title", "properties.a", "page_url")


@pytest.mark.parametrize("field", PLACES)
@settings(max_examples=60)
@given(data=st.data(), text=TEXTS)
def test_rule_order_is_respected(field: str, data: st.DataObject, text: str) -> None:
    """Rules together do what each does alone to what those above it left, whatever is fused or skipped for speed."""
    choices = ALONE if field == "page_url" else [*ALONE, *ON_TEXT]
    rules = [
        {**rule, "fields": [field]} for rule in data.draw(st.lists(st.sampled_from(choices), min_size=1, max_size=4))
    ]

    def run(text: str, *rules: dict[str, Any]) -> str:
        given: dict[str, Any] = {"properties": {"a": text}} if field == "properties.a" else {field: text}
        event = kept(rules_of(*rules), **given)
        return event.properties.get("a", "") if field == "properties.a" else str(getattr(event, field))

    step_by_step = text
    for rule in rules:
        step_by_step = run(step_by_step, rule) if step_by_step else ""
    assert run(text, *rules) == step_by_step


@given(later=st.integers(1, 400), before=st.lists(EVENTS, max_size=3), fields=EVENTS)
def test_a_replay_a_day_later_gives_the_same_pseudonyms(
    later: int, before: list[dict[str, Any]], fields: dict[str, Any]
) -> None:
    """By another worker, after other events, arriving on another day: the event's own day names the key."""
    rules = rules_of(RULES[-1], {"action": "pseudonymize", "fields": ["se_label", "contexts"], "rotation": "monthly"})
    first, again = (make_anonymizer(Keys(SECRET), SecretKeyring(SECRET), rules, Counter()) for _ in range(2))

    def run(anonymize: Any, fields: dict[str, Any], arrival: int) -> Any:
        content = {name: value for name, value in fields.items() if name != "day"}
        raw = ParsedEvent(event="e", app_id="a", anonymous_id="d-1", event_id="x", **content)
        return anonymize(raw, PLACE, 0, arrival, NOON, arrival)

    for other in before:
        run(again, other, NOON)
    one, two = run(first, fields, NOON), run(again, fields, NOON + later * DAY_MS)
    same = ("visitor_id", "user_id", "event_id", "event_fingerprint", "page_title", "se_label", "contexts")
    assert [getattr(one, name) for name in same] == [getattr(two, name) for name in same]


IDENTITIES = st.sampled_from(
    [
        {"anonymousId": "dev-zqx-1"},
        {"userId": "user-zqx-1"},
        {"anonymousId": "dev-zqx-1", "userId": "ann@zqx.example"},
    ]
)


@cache
def stages(rotation: str) -> Pipeline:
    """The enrich worker's, with the defaults but for the visitor's key."""
    rules = rules_of({"action": "pseudonymize", "fields": ["visitor_id"], "rotation": rotation}, *DEFAULT_REST)
    options = PipelineOptions(enriched_partitions=1, format="segment")
    lookups = open_lookups(GeoSettings(), "1.0")
    return make_pipeline(options, Keys(SECRET), SecretKeyring(SECRET), rules, lookups)


def tokens_of(identity: dict[str, str], address: str, day: int, message_id: str, rotation: str = "daily") -> set[str]:
    """Every value in the records that one message becomes, keys of JSON and numbers included."""
    at = datetime.fromtimestamp(NOON / 1000 + day * 86_400, UTC).isoformat()
    message = {
        "type": "track", "event": "e", "timestamp": at, "receivedAt": at, "messageId": message_id,
        "context": {"ip": address, "userAgent": "Mozilla/5.0 Firefox/128.0"}, "properties": identity, **identity,
    }  # fmt: skip
    record = Raw(day, NOON + day * DAY_MS, json.dumps(message).encode(), [])
    (value,) = stages(rotation)(RawBatch("raw@1", 0, [record])).partitions[0]
    event = decode(value)
    assert isinstance(event, Event)
    told = [text for _, text in texts_of(value)] + [each.hex() for each in vars_of(event) if isinstance(each, bytes)]
    return {word for text in told for word in re.findall(r"[\w.-]{6,}", text)}


def vars_of(event: Event) -> list[object]:
    """The values of an event's columns."""
    return [getattr(event, name) for name in event.__struct_fields__]


@given(identity=IDENTITIES, message_id=st.sampled_from(["", "zqx-message", "4c4e1d9e-8f0a-1a57-9c3b-2f1d5e6a7b8c"]))
def test_two_days_of_one_visitor_share_no_value_derived_from_the_identity(
    identity: dict[str, str], message_id: str
) -> None:
    """What both days' records hold, ids of events included, a stranger's of the same network holds too."""
    stranger = {name: f"other-{value}" for name, value in identity.items()}
    one, two = (tokens_of(identity, "198.51.100.7", day, message_id) for day in (0, 1))
    others = [tokens_of(stranger, "198.51.100.99", day, f"o{day}{message_id}") for day in (0, 1)]

    assert one & two <= set.union(*others)


def test_without_rotation_two_days_share_values() -> None:
    """So the test above can fail."""
    identity = {"anonymousId": "dev-zqx-1", "userId": "user-zqx-1"}
    one, two = (tokens_of(identity, "198.51.100.7", day, "zqx-message", "none") for day in (0, 1))
    other = tokens_of({"userId": "someone"}, "198.51.100.99", 0, "o", "none")

    assert len((one & two) - other) >= 3  # visitor, user, the event's id


ACTIONS = {
    "redact": make_redact(["email", "ip", "card", "phone", "iban", "token"]),
    "own_pattern": make_redact([OwnPattern(name="w", pattern="secret")]),
    "truncate_ip": TextAction(make_network(24, 48)),
    "number": make_coarse_text(Generalize(name="a", action="generalize", fields=["x"], step=1)),
    "template": make_text_template(UrlTemplate(name="a", action="url_template", fields=["x"])),
    "mask": TextAction(lambda text: Mask(name="a", action="mask", fields=["x"]).word),
}
READ_BY = {"truncate_ip": "203.0.113.7", "number": "7"}


@pytest.mark.parametrize("name", ["redact", "own_pattern", "truncate_ip", "number", "template", "mask"])
@given(text=st.one_of(BROKEN, NESTED))
def test_no_action_gives_back_what_it_cannot_read(name: str, text: str) -> None:
    """In a value: broken text goes, and is counted; a mask needs to read nothing and stands there instead."""
    value = make_value([((), ACTIONS[name])])
    found, removed = value(text)

    if any("\ud800" <= sign <= "\udfff" for sign in text):
        assert found == "" or name == "mask"
        assert found != text
        assert removed or found


@pytest.mark.parametrize("field", [*PLACES, "contexts"])
@settings(max_examples=8)
@given(text=BROKEN)
def test_no_rule_gives_back_what_it_cannot_read(field: str, text: str) -> None:
    """Whole rules files of one rule: the field is emptied, and counted."""
    for rule in ALONE:
        removed: Counter[str] = Counter()
        given: dict[str, Any] = {"properties": {"a": text}} if field == "properties.a" else {field: text}
        event = kept(rules_of(rule | {"fields": [field]}), removed=removed, **given)
        name = field.partition(".")[0]
        left = event.properties.get("a", "") if name == "properties" else getattr(event, name)
        if name == "page_url":
            assert left in ("", "a")  # a browser leaves such signs out of a URL; what is left can be read
        else:
            assert (left, removed) == ("", {name: 1})


@pytest.mark.parametrize("name", ["truncate_ip", "number"])
@given(text=st.text(min_size=1))
def test_what_has_another_form_than_the_action_reads_goes(name: str, text: str) -> None:
    """Any text that is no address, no number."""
    try:
        out = ACTIONS[name].apply(text)
    except FAILURES:
        return
    assert out == "" or out != text or ACTIONS[name].apply(out) == out


@given(text=st.text(max_size=30), broken=NESTED)
def test_what_looks_nested_and_is_not_goes_when_a_rule_looks_inside(text: str, broken: str) -> None:
    """A path into a value that cannot be read is no reason to keep the value."""
    removed: Counter[str] = Counter()
    rules = rules_of({"action": "drop_field", "fields": ["properties.p.secret", "contexts.secret"]})
    event = kept(rules, removed=removed, properties={"p": broken, "q": text}, contexts=broken)

    assert event.properties == {"q": text}
    assert event.contexts == ""
    assert removed == {"properties": 1, "contexts": 1}


EVIL = ["(a+)+$", "(a|aa)+$", "(a*)*!", "([a-z]+)*!", "(x+x+)+y", r"(\d+)*\.(\d+)*$"]


@pytest.mark.parametrize("pattern", EVIL)
def test_patterns_that_stall_other_engines_take_linear_time(pattern: str) -> None:
    """Ten times the text costs about ten times the work; a backtracking engine takes ages for thirty letters."""
    rules = rules_of({"action": "redact", "fields": ["page_title"], "find": [{"name": "evil", "pattern": pattern}]})
    anonymize = make_anonymizer(Keys(SECRET), SecretKeyring(SECRET), rules, Counter())

    def cost(letters: int) -> float:
        raw = ParsedEvent(event="e", app_id="a", page_title="a" * letters + "1x" * (letters // 10) + "!#")
        began = time.process_time()
        assert isinstance(anonymize(raw, PLACE, 0, NOON, NOON, NOON), Event)
        return time.process_time() - began

    cost(2_000)
    assert cost(20_000) < 10  # seconds; exponential time would not end in this universe


STARS = "*" + "a*" * 14 + "b"


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "drop_event", "match": {"app": [STARS]}},
        {"action": "drop_event", "match": {"event": [STARS]}},
        {"action": "drop_field", "fields": [f'properties."{STARS}"']},
        {"action": "url_query", "fields": ["page_url"], "keep": [STARS]},
        {"action": "url_template", "fields": ["page_url"], "routes": ["/" + "*/" * 8 + "x"]},
    ],
    ids=["app", "event", "path", "query", "route"],
)
def test_names_of_many_stars_that_stall_other_engines_take_linear_time(rule: dict[str, Any]) -> None:
    """Wherever a rules file takes a star, against a text that fits but for its end."""
    text = "a" * 20_000
    raw = ParsedEvent(event=text, event_name=text, app_id=text, properties={text: "1"})
    raw.page_url = f"https://x.example/{'a/' * 10_000}?{text}=1"
    began = time.process_time()

    anonymize = make_anonymizer(Keys(SECRET), SecretKeyring(SECRET), rules_of(rule), Counter())
    assert isinstance(anonymize(raw, PLACE, 0, NOON, NOON, NOON), Event)
    assert time.process_time() - began < 10  # seconds; fourteen stars tried one by one would not end
