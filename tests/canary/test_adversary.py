"""An adversary who knows the rules: each value that the defaults promise to take, in each field, in each encoding."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from streams.anonymize.rules import Rules, default_rules, make_rules
from streams.encode import decode
from streams.records import Event
from streams.scan.canaries import make_canary_finder
from streams.scan.records import texts_of
from streams.scan.scanner import Scanner
from tests.canary.encodings import ENCODINGS, escaped, percent_all, percent_twice
from tests.canary.offline import enriched
from tests.canary.records import START_MS, line
from tests.canary.test_control import STRICT

USER, DEVICE, MAIL, CARD, ADDRESS = (
    "zqxuser-77881",
    "zqxdev-55443",
    "zqxann@corp.example",
    "4242424242424242",
    "198.51.100.77",
)
CANARIES = [USER, DEVICE, MAIL, "zqxann", CARD, ADDRESS]
SECRET = f"{MAIL} {CARD} {ADDRESS} {USER} {DEVICE}"
_SP = "iglu:com.snowplowanalytics.snowplow/{}/jsonschema/1-0-0"
_TP2 = "/com.snowplowanalytics.snowplow/tp2"
_GITLAB = "iglu:com.gitlab/custom_event/jsonschema/1-0-0"
_ACME = "iglu:com.acme/thing/jsonschema/1-0-0"

DISGUISES: dict[str, Callable[[str], str]] = {
    **{f"as in canaries {number}": encode for number, encode in enumerate(ENCODINGS)},
    "percent three times": lambda text: quote(percent_twice(text), safe=""),
    "percent in small letters": lambda text: percent_all(text).lower(),
    "percent here and there": lambda text: "".join(f"%{ord(s):02x}" if n % 3 else s for n, s in enumerate(text)),
    "escape of JavaScript": lambda text: "".join(f"%u{ord(sign):04x}" for sign in text),
    "hex escapes": lambda text: "".join(f"\\x{ord(sign):02x}" for sign in text),
    "escapes in braces": lambda text: "".join(f"\\u{{{ord(sign):x}}}" for sign in text),
    "escapes escaped": lambda text: escaped(text).replace("\\", "\\\\"),
    "as a key": lambda text: json.dumps({text: 1}),
    "as a key in JSON in JSON": lambda text: json.dumps({"k": json.dumps({text: [text]})}),
    "JSON cut short": lambda text: json.dumps({"a": text})[:-1],
    "entity": lambda text: text.replace("@", "&#64;"),
    "entity in hex": lambda text: text.replace("@", "&#x40;"),
    "quoted": lambda text: f'"{text}"',
    "mailto": lambda text: f"mailto:{text}",
    "a form": lambda text: quote_plus(f"see {text} now"),
    "a query": lambda text: f"https://x.example/p?e={text}&f=1#{text}",
    "campaign": lambda text: f"https://x.example/p?utm_source={quote(text)}&utm_term={text}",
    "user of a URL": lambda text: f"https://{quote(text, safe='')}:p@x.example/",
    "a single page's route": lambda text: f"https://x.example/#/{text}",
    "parameter of a path": lambda text: f"/p;e={text}",
    "behind much": lambda text: "a" * 3000 + " " + text,
    "unseen signs": lambda text: text.replace("@", "\u200b@\u200b"),
    "a card in groups": lambda text: text.replace(CARD, "4242\u202f4242 - 4242\u00ad4242"),
}


def segment(value: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A message for each field that a Segment library sends."""
    page = {"url": value, "referrer": value, "title": value, "path": value, "search": value}
    contexts: dict[str, Any] = {
        "userAgent": f"Mozilla/5.0 {value}", "locale": value, "timezone": value, "page": page,
        "campaign": {"name": value, "source": value, "medium": value, "term": value, "content": value, value: value},
        "app": {"name": value}, "os": {"name": value, "version": value}, "library": {"name": value, value: value},
        "device": {"model": value, "id": value, "name": value}, "network": {"carrier": value}, "other": {value: value},
    }  # fmt: skip
    for name, content in contexts.items():
        yield f"context.{name}", {"context": {name: content}}
    for name in ("event", "name", "category", "channel", "messageId", "projectId", "groupId", "previousId"):
        yield name, {name: value}
    for name, content in {"a": value, value: 1, "b": {"c": [{"d": value}]}, "e": {"f": [{value: 1}]}}.items():
        yield f"properties.{name[:1]}", {"properties": {name: content}}
    yield "traits", {"type": "identify", "traits": {"x": value, value: "x"}}


def snowplow(value: str) -> Iterator[tuple[str, dict[str, str]]]:
    """An event for each field of the protocol, and for each place in what describes itself."""
    fields = "aid tv tna eid page url refr ua lang tz ds cs cookie f_pdf vp res fp mac tr_id ti_nm".split()
    for name in fields:
        yield name, {name: value}
    yield "unknown field", {value: value}
    for name in ("se_ca", "se_ac", "se_la", "se_pr"):
        yield name, {"e": "se", "se_ca": "a", "se_ac": "b", name: value}
    yield "se_va", {"e": "se", "se_ca": "a", "se_ac": "b", "se_va": CARD}
    things: dict[str, Any] = {
        "schema": {"schema": value, "data": {}}, "key": {"schema": _ACME, "data": {value: 1}},
        "data": {"schema": _ACME, "data": {"a": [{"b": value}]}},
        "gitlab": {"schema": _GITLAB, "data": {"name": value, "props": {value: value}}},
    }  # fmt: skip
    for name, thing in things.items():
        contexts = json.dumps({"schema": _SP.format("contexts"), "data": [thing]})
        event = json.dumps({"schema": _SP.format("unstruct_event"), "data": thing})
        yield f"context {name}", {"co": contexts}
        yield f"packed context {name}", {"cx": base64.urlsafe_b64encode(contexts.encode()).decode()}
        yield f"event {name}", {"e": "ue", "ue_pr": event}


def records(value: str) -> Iterator[tuple[str, bytes]]:
    """(Field, raw record) for all of these, and for the headers."""
    headers = {"app_id": "shop", "ip": ADDRESS, "collector_tstamp": str(START_MS)}
    message = {
        "type": "track", "event": "e", "anonymousId": DEVICE, "userId": USER, "receivedAt": "2026-05-01T00:00:00Z"
    }  # fmt: skip
    event = {"e": "pv", "aid": "shop", "p": "web", "duid": DEVICE, "uid": USER, "url": "https://shop.example/"}
    for field, more in segment(value):
        yield field, line({**headers, "format": "segment"}, json.dumps(message | more).encode())
    for field, told in snowplow(value):
        body = json.dumps({"schema": _SP.format("payload_data"), "data": [event | told]})
        yield field, line({**headers, "format": "snowplow", "path": _TP2}, body.encode())
    for name in ("app_id", "ip", "user_agent", "path", "content_type", "event_id", "format", "referer", value):
        yield f"header {name[:9]}", line({**headers, "format": "segment", name: value}, json.dumps(message).encode())


@pytest.mark.parametrize("rules", [default_rules(), make_rules(STRICT.read_text())], ids=["defaults", "strict"])
def test_no_disguise_smuggles_what_the_defaults_promise_to_take(rules: Rules) -> None:
    """Thousands of events; what is found names field and disguise."""
    given = [(f"{field}: {name}", raw) for name, encode in DISGUISES.items() for field, raw in records(encode(SECRET))]
    find, found, accepted = make_canary_finder(CANARIES), set(), 0
    for value in enriched((raw for _, raw in given), rules).partitions[0]:
        record, scanner = decode(value), Scanner({}, b"k" * 32, find)
        accepted += isinstance(record, Event)
        for place, text in texts_of(value):
            scanner.scan(place, text)
        found |= {(given[record.raw_offset][0], each.place, each.encoded) for each in scanner.finds}  # type: ignore[union-attr]

    assert accepted > len(given) * 0.7
    assert found == set()
