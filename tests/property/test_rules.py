"""The rules engine's promises, for events and rules of all kinds."""

import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.action import FAILURES, TextAction
from streams.anonymize.anonymizer import make_anonymizer
from streams.anonymize.client import make_network
from streams.anonymize.generalize import make_coarse_text
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.redact import make_redact
from streams.anonymize.ruleset import Generalize, Mask, OwnPattern, UrlTemplate
from streams.anonymize.template import make_text_template
from streams.anonymize.value import make_value
from streams.keys import Keys
from streams.records import Event, ParsedEvent
from tests.anonymize.engine import NOON, PLACE, SECRET, kept, rules_of

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
]
TEXTS = st.sampled_from([
    "", "ann@example.com", "203.0.113.77", "/u/7?q=ann@example.com", '{"b":"ann@example.com","c":1}', "https://x.example/1?utm_a=1",
    "secret", "drop", "1.2.3", "+49 30 901820", "\ud800", "plain words", "%61nn%40example.com",
])  # fmt: skip
EVENTS = st.fixed_dictionaries(
    {"page_title": TEXTS, "page_url": TEXTS, "se_label": TEXTS, "contexts": TEXTS, "user_id": TEXTS},
    optional={"properties": st.dictionaries(st.sampled_from(["a", "b", "n", "ann@example.com"]), TEXTS)},
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
        return anonymize(ParsedEvent(event="e", app_id="a", **fields), PLACE, 0, NOON, NOON, NOON), dict(tally)

    first = [run(one, fields, removed) for fields in events]
    again = [run(one, fields, removed) for fields in reversed(events)][::-1]
    fresh = []
    for fields in events:
        tally: Counter[str] = Counter()
        fresh.append(run(make_anonymizer(Keys(SECRET), SecretKeyring(SECRET), rules, tally), fields, tally))
    assert first == again == fresh


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
