"""What makes rules cheap changes nothing: without hints, memories and quick looks the same events come out."""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.anonymize import action, card, client, fill, own, query, redact, template, tree, url, value
from streams.anonymize import compile as compiling
from streams.anonymize import urls as whole_urls
from streams.anonymize.compile import Compiler
from streams.anonymize.hashes import Hashes
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.rules import Rules, default_rules, make_rules
from streams.anonymize.url import UrlFunction
from streams.clickid import CLICK_IDS
from streams.errors import ConfigError
from streams.keys import Keys
from streams.records import Event
from tests.anonymize.engine import SECRET, rules_of, run

CASES = int(os.environ.get("THALWEG_CASES", "60"))
PIECES = [
    "customer-10017", "CUSTOMER-10017", "Ann Lee 7", "ANN+lee+7", "ann lee+7",
    "203.0.113.77", "2001:db8::7", "12:30:45", "1:2:3:4:5:6:7:8", "1.2.3.4",
    "ann@example.com", "ann%40example.com", "\\u0040", "4242 4242 4242 4242", "4242424242424242", "424242424242.4242",
    "4242424242424242000e-3", "0.4242424242424242e16", "42424242424242.4200000", "0f3e4242-4242-4242-a424-242424242e7",
    "+49 30 901820", "DE89370400440532013000", "https://u:p@h.example/p;s=1?a=b#c", "?utm_source=x&GCLID=1;q=2", "&&=",
    "&UTM_S=1", "msc\u212alid=7", "K\u0130", "ünï", "secret-1", "7", " ",
    "\n", "\xa0", "\x00", "\u200b", "https%3A%2F%2F", "/user/123/", "%2525", "\ud800",
    '{"a":', "[", "]", "}", '"', ",", ":", "{", "=", "&", ";", "#", "?", "-", "e", ".",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
leaves = texts | st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.just(4e15)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
nested = trees.map(json.dumps) | st.lists(texts, max_size=4).map(lambda parts: "[" + ",".join(parts) + "]")
urls = st.builds(
    "{}{}?{}#{}".format,
    st.sampled_from(["https://h.example/", "/", "", "mailto:", "https%3A%2F%2F", "//u@[::1]:80/"]), texts, texts, texts,
) | st.lists(texts, max_size=5).map(lambda parts: "https://h.example/p?" + "&".join(parts)) | texts  # fmt: skip
parameters = st.sampled_from([
    "utm_source=news", "UTM_Source=x", "token=1", "gclid=1", "GCLID=", "fbclid=2", "q=", "q", "", " ", "q=1 ",
    "gclid= ", "GCLID=  ", "q ", "gclid ",
    "utm_x=a;gclid=3", "utm_x=?", "#a", "a=#gclid=1", "utm_t=ann@example.com", "\ud800", "t=\x00",
    "%3Futm_a=1", "é=1", "utm_s=é",
])  # fmt: skip
urls |= st.builds(
    lambda base, given: base + "&".join(given),
    st.sampled_from(
        ["https://h.example/p?", "/a&b?", "https://h.example/#/p?", " /p ?", "https%3A%2F%2Fh/p?", "?", "/p", "h%00:?"]
    ),
    st.lists(parameters, max_size=4),
)
events = st.fixed_dictionaries(
    {},
    optional={
        "ip": st.sampled_from(["203.0.113.77", "999.1.1.1", "2001:db8::7", "203.0.113.77, 198.51.100.9", "host-a"]),
        "user_id": st.sampled_from(["customer-10017", "7", "Ann Lee 7", "secret-1"]),
        "domain_userid": st.sampled_from(["0f3e4242-4242-4242-a424-242424242e7", "K\u0130LMER-1"]),
        "page_url": urls,
        "page_referrer": urls,
        "page_title": texts | nested,
        "se_label": texts | urls,
        "useragent": texts,
        "contexts": nested | texts,
        "properties": st.dictionaries(texts, nested | texts | urls, max_size=3),
    },
)
FIELDS = ["urls", "texts", "page_url", "page_title", "se_label", "contexts", "properties", "useragent"]
INSIDE = st.sampled_from([["contexts.**.a"], ["properties.*.a", "page_title"]])
KINDS = [
    "email",
    "card",
    "ip",
    "phone",
    "iban",
    "token",
    "own",
    {"name": "w", "pattern": "secret-[0-9]"},
    {"name": "n", "pattern": "[0-9]{7}"},
]
fields = st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4, unique=True)
rules_of_one = st.one_of(
    st.builds(
        lambda on, find: {"action": "redact", "fields": on, "find": find},
        fields | INSIDE, st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique_by=json.dumps),
    ),
    st.builds(
        lambda on, keep, ids: {"action": "url_query", "fields": on, "keep": keep, "click_ids": ids},
        fields | INSIDE,
        st.lists(st.sampled_from(["utm_*", "q", "*", "?tm_*e*", "K*"]), max_size=3, unique=True),
        st.booleans(),
    ),
    st.builds(lambda on: {"action": "mask", "fields": on}, fields | INSIDE),
    st.builds(lambda on: {"action": "drop_field", "fields": on}, fields | INSIDE),
    st.builds(lambda: {"action": "url_template", "fields": ["page_url"], "segments": ["uuid", "number"]}),
)  # fmt: skip


def _file(rules: list[dict[str, Any]]) -> Rules | None:
    named = [{"name": f"r{number}", **rule} for number, rule in enumerate(rules)]
    try:
        return make_rules(json.dumps({"version": 1, "rules": named}))
    except ConfigError:
        return None


files = st.just(default_rules()) | st.lists(rules_of_one, min_size=1, max_size=4).map(_file)


def _plain_keep(names: list[str]) -> Callable[[str], str]:
    """The allow list as one expression over the whole query."""
    if not names:
        return lambda _query: ""
    forms = "|".join(query._form(name.lower()) for name in names)
    find_all = re.compile(rf"(?:^|[&;])((?:{forms})(?:=[^&;]*)?)(?![^&;])", re.IGNORECASE | re.ASCII).findall

    def keep(text: str) -> str:
        pairs = [pair.partition("=") for pair in find_all(text)]
        return "&".join([f"{name.lower()}{sign}{value}" for name, sign, value in pairs])

    return keep


def _plain_read(names: list[str]) -> Callable[[str], tuple[str, str]]:
    """One after the other."""
    keep = _plain_keep(names)
    return lambda text: (keep(text), _plain_network(text))


def _plain_network(text: str) -> str:
    """The first click id, by one expression."""
    names = "|".join(map(re.escape, CLICK_IDS))
    found = re.search(rf"(?:^|[&;])({names})=[^&;]", text, re.IGNORECASE | re.ASCII)
    return CLICK_IDS[found.group(1).lower()] if found is not None else ""


@contextmanager
def _plainly() -> Iterator[None]:
    """Without any shortcut: each text is worked through by each rule, each time, and struck of own ids."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (client, compiling, query, redact, template, url, value, whole_urls):
            patch.setattr(module, "remember", lambda function, *_, **__: function, raising=False)
        for module in (action, value):
            patch.setattr(module, "joint_hint", lambda _actions: None)
        patch.setattr(query, "_make_meaning", lambda names: names)
        patch.setattr(query, "_make_read", _plain_read)
        patch.setattr(query, "_make_network_of_dropped", lambda *_: None)
        patch.setattr(query, "network_of", _plain_network)
        patch.setattr(whole_urls, "_is_plain", lambda _given: False)
        patch.setattr(card, "_may_be_one", lambda _text: True)
        patch.setattr(own, "spellings_of", client._spellings)
        patch.setattr(fill, "repeats_own", lambda _raw, _texts: True)
        yield


def _as_read(text: str) -> str:
    """JSON as it is written anew; who walks through it does that, who need not leaves it as it came."""
    if not tree.looks_nested(text):
        return text
    try:
        return tree.dump(_inside(tree.parse(text)))
    except (tree.UnreadableError, UnicodeError):
        return text


def _inside(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _inside(child) for name, child in node.items()}
    if isinstance(node, list):
        return [_inside(child) for child in node]
    return _as_read(node) if isinstance(node, str) else node


def _comparable(event: Event | None) -> Any:
    if event is None:
        return None
    built = msgspec.to_builtins(msgspec.structs.asdict(event))
    built["contexts"] = _as_read(built["contexts"])
    built["properties"] = {name: _as_read(text) for name, text in built["properties"].items()}
    return built


@settings(max_examples=CASES, deadline=None)
@given(rules=files.filter(lambda rules: rules is not None), fields_of=st.lists(events, min_size=1, max_size=4))
def test_shortcuts_change_nothing(rules: Rules, fields_of: list[dict[str, Any]]) -> None:
    """The same events and the same counts of what was removed, by any rules, with and without."""
    quick, slow = Counter[str](), Counter[str]()
    found = [_comparable(run(rules, removed=quick, **each)) for each in fields_of]
    with _plainly():
        wanted = [_comparable(run(rules, removed=slow, **each)) for each in fields_of]

    assert found == wanted
    assert +quick == +slow


@pytest.mark.parametrize("number", ["42424242424242.4200000", "4242424242424242000e-3", "0.4242424242424242e16"])
def test_a_number_that_shows_a_card_when_written_anew_is_masked(number: str) -> None:
    """The look at the JSON as it came does not see one."""
    event = run(default_rules(), contexts=f'[{{"a":{number}}}]')

    assert event is not None
    assert "(card)" in event.contexts


def test_a_number_that_fits_a_pattern_when_written_anew_is_masked() -> None:
    """Others may read its digits, whatever the look at the JSON as it came sees."""
    rules = rules_of({"action": "redact", "fields": ["contexts"], "find": [{"name": "w", "pattern": "[0-9]{8}"}]})
    event = run(rules, contexts='[{"a":1.2345678e7}]')

    assert event is not None
    assert event.contexts == '[{"a":"(w).0"}]'


def _cut_of(rules: Rules) -> UrlFunction:
    """What the rules do to a page's URL, with the memory that one worker has."""
    compiler = Compiler(rules.file, Hashes(Keys(SECRET), SecretKeyring(SECRET)))
    return dict(compiler.program(tuple(range(len(rules.file.rules))), 0).urls).get("page_url", lambda _url: ("", ""))


@settings(max_examples=CASES * 5, deadline=None)
@given(
    rules=st.just(default_rules()) | st.lists(rules_of_one, min_size=1, max_size=3).map(_file),
    some=st.lists(urls, max_size=6),
    last=parameters,
)
def test_a_url_is_cut_as_if_it_had_not_been_seen(rules: Rules | None, some: list[str], last: str) -> None:
    """Whatever was remembered of its start, and whichever of the rules looks for click ids."""
    if rules is None:
        return
    asked = [each for url in some for each in (url, f"{url}&{last}", f"{url}&gclid=7", f"{url}&{last}")]
    cut = _cut_of(rules)
    with _plainly():
        plain_cut = _cut_of(rules)
        wanted = [plain_cut(url) for url in asked]

    assert [cut(url) for url in asked] == wanted


@pytest.mark.parametrize(
    ("last", "network"),
    [("gclid=", ""), ("GCLID=1", "Google"), ("token=1", ""), ("token", ""), ("", ""), ("a;fbclid=2", "Facebook")],
)
def test_a_last_parameter_that_goes_leaves_no_more_than_its_network(last: str, network: str) -> None:
    """Seen for the first time or not; one without a value is no click id."""
    cut = _cut_of(default_rules())

    assert [cut(f"/p?utm_source=x&{last}") for _ in range(2)] == [("/p?utm_source=x", network)] * 2
    assert cut(f"/p?dclid=7&{last}") == ("/p", "DoubleClick")


@pytest.mark.parametrize("escape", ["\\u0040", "\\x40", "%40", "%2540", "&#64;", "@"])
def test_what_is_escaped_is_looked_for(escape: str) -> None:
    """Where nothing else in the text would make a rule look."""
    event = run(default_rules(), page_title=f"to ann{escape}example.com", contexts=json.dumps([f"ann{escape}e.com"]))

    assert event is not None
    assert (event.page_title, event.contexts) == ("to (email)", '["(email)"]')


@pytest.mark.parametrize("dash", ["\\u002d", "\\x2D", "%2D", "%252d", "-"])
def test_an_own_id_that_is_escaped_is_found(dash: str) -> None:
    """In any case of letters, where nothing else is encoded."""
    event = run(default_rules(), page_title=f"for CUSTOMER{dash}10017", user_id="customer-10017")

    assert event is not None
    assert event.page_title == "for (user)"


def test_a_click_id_counts_where_only_a_later_rule_looks_for_it() -> None:
    """The rule before it has cut the query."""
    cut = {"action": "url_query", "fields": ["page_url"], "keep": ["utm_*"]}
    event = run(rules_of({**cut, "click_ids": False}, {**cut, "click_ids": True}), page_url="/p?utm_source=x&gclid=1")

    assert event is not None
    assert (event.page_url, event.mkt_network) == ("/p?utm_source=x", "Google")


@pytest.mark.parametrize("separator", ["&", ";"])
def test_a_click_id_is_one_by_its_ascii_letters(separator: str) -> None:
    """Whatever parts the parameters; a Kelvin sign is no K, though it is one in lower case; the first with a value."""
    looked = [
        url.network_of(separator.join(parameters))
        for parameters in (
            ["q=1", "GcLid=2"],
            ["gclid=", "FBCLID=3"],
            ["ms\u212aclid=1"],
            ["q=é", "epik=1"],
            ["epi\u212a=1"],
        )
    ]

    assert looked == ["Google", "Facebook", "", "Pinterest", ""]


@given(st.from_regex(r"[0-9.]{1,16}", fullmatch=True) | st.text("0123456789.:, a٣", max_size=12))
def test_what_is_not_remembered_is_spelled_the_same(address: str) -> None:
    """Numbers with dots, be they an address or none, and all else."""
    if client.is_spelled_once(address):
        assert client._spellings(address) == ((address,), False)
    assert client.spellings_of(address) == client._spellings(address)
