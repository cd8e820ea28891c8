"""Which rules an event is for: every test of the file asked at once, each field's value looked at once."""

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import translate
from functools import lru_cache
from operator import attrgetter
from typing import Any

import re2

from streams.anonymize.client import network_of
from streams.anonymize.fields import ADDRESS
from streams.anonymize.paths import Path, parse_path
from streams.anonymize.ruleset import UNKNOWN, ConsentSource, FieldTest, Match, Rule, RuleFile, compile_pattern
from streams.anonymize.tree import UnreadableError, closed, dump, opened, values_at

CountryOf = Callable[[str], str]
"""From a network to its ISO 3166-1 code, or the empty text."""
Texts = tuple[str, ...]
Test = Callable[[Texts], bool]
Read = Callable[[Any], Texts]
"""From an event to the values a test is about."""
ENTRIES = 5_000
_SET_BYTES = 1 << 28
_NAMES = {ADDRESS: "ip"}


class Conditions:
    """The tests of some rules, numbered as they stand in the file.

    ``rules_for`` gives the numbers of the rules an event is for. Values are the event's own, as it comes in: what rules
    above change does not matter here.
    """

    def __init__(self, file: RuleFile, rules: Sequence[tuple[int, Rule]], country_of: CountryOf | None) -> None:
        self._file, self._country_of = file, country_of
        self._tests: dict[str, list[tuple[int, Test]]] = {}
        self._patterns: dict[str, list[tuple[int, str]]] = {}
        self._reads: dict[str, Read] = {}
        self._after = any(rule.when == "after" for _, rule in rules)
        self._bits = 0
        wanted = [(number, self._needs(rule.match), self._needs(rule.unless)) for number, rule in rules]
        unless = [rule.unless is not None for _, rule in rules]
        self._wanted = [(*need, but) for need, but in zip(wanted, unless, strict=True)]
        self._asked = [(self._reads[source], self._bits_of(source)) for source in self._tests]
        self.always: tuple[int, ...] | None = None
        """The rules for every event, where no rule asks anything."""
        if not self._asked:
            self.always = self._rules_of(0)
        self._remembered = lru_cache(maxsize=ENTRIES)(self._rules_of)

    def rules_for(self, event: Any) -> tuple[int, ...]:
        """The numbers, in order."""
        if self.always is not None:
            return self.always
        met = 0
        for read, bits_of in self._asked:
            met |= bits_of(read(event))
        return self._remembered(met)

    def _rules_of(self, met: int) -> tuple[int, ...]:
        return tuple(
            number
            for number, need, refuse, has_unless in self._wanted
            if met & need == need and not (has_unless and met & refuse == refuse)
        )

    def _needs(self, match: Match | None) -> int:
        """The bits of all tests of a match."""
        need = 0
        for source, read, test in self._atoms(match) if match is not None else ():
            bit = 1 << self._bits
            self._bits += 1
            self._reads[source] = read
            need |= bit
            tests = self._tests.setdefault(source, [])
            if isinstance(test, str):
                self._patterns.setdefault(source, []).append((bit, test))
            else:
                tests.append((bit, test))
        return need

    def _bits_of(self, source: str) -> Callable[[Texts], int]:
        """The bits of all tests of a source that hold for its values; its patterns are looked for in one pass."""
        tests, patterns = self._tests[source], self._patterns.get(source, [])
        find_all = _make_find_all([pattern for _, pattern in patterns])
        bits = [bit for bit, _ in patterns]

        def bits_of(texts: Texts) -> int:
            found = sum(bit for bit, test in tests if test(texts))
            for place in find_all(texts) if bits else ():
                found |= bits[place]
            return found

        return lru_cache(maxsize=ENTRIES)(bits_of)

    def _atoms(self, match: Match) -> Iterator[tuple[str, Read, Test | str]]:
        """Each test with what it is about; a pattern for itself as such."""
        if match.app is not None:
            yield "app", lambda event: (event.app_id,), _glob_test(match.app)
        if match.event is not None:
            yield "event", lambda event: (event.event, event.event_name), _glob_test(match.event)
        if match.country is not None:
            yield "country", self._read_country, _one_of(match.country)
        if match.consent is not None:
            yield "consent", _make_read_consent(self._file.consent, self._read), _one_of(match.consent)
        for path, test in (match.fields or {}).items():
            is_pattern = test.pattern is not None and test.equals is None and test.present is None
            yield path, self._read(path), test.pattern if is_pattern and test.pattern else _field_test(test)

    def _read_country(self, event: Any) -> Texts:
        network = network_of(event.ip)
        return ((network and self._country_of is not None and self._country_of(network)) or UNKNOWN,)

    def _read(self, text: str) -> Read:
        path = parse_path(text)
        is_base64 = path in [parse_path(each) for each in self._file.base64]
        read = _make_read(path, self._after)
        return (lambda event: tuple(map(_open, read(event)))) if is_base64 else read


def _make_read(path: Path, after: bool) -> Read:
    root, rest = path[0], path[1:]
    get = attrgetter(root if after else _NAMES.get(root, root))
    if not rest and root != "properties":
        return lambda event: (_as_text(get(event)),)
    if root == "properties" and len(rest) == 1 and not set("*?[") & set(rest[0]):
        return lambda event: (get(event).get(rest[0], ""),)
    return lambda event: tuple(values_at(get(event), rest))


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else dump(value)


def _open(text: str) -> str:
    try:
        return dump(closed(opened(text).inner))
    except UnreadableError:
        return text


def _make_read_consent(sources: Sequence[ConsentSource], read_of: Callable[[str], Read]) -> Read:
    known = [
        (read_of(source.path), dict.fromkeys(source.granted, "granted") | dict.fromkeys(source.denied, "denied"))
        for source in sources
    ]

    def read(event: Any) -> Texts:
        for read_source, states in known:
            for text in read_source(event):
                state = states.get(text.lower())
                if state is not None:
                    return (state,)
        return (UNKNOWN,)

    return read


def _make_find_all(patterns: Sequence[str]) -> Callable[[Texts], set[int]]:
    """Which patterns, by their places, are found in any of some texts: all at one pass. Source: RE2::Set."""
    options = re2.Options()
    options.max_mem = _SET_BYTES  # too little would make it find nothing
    together = re2.Set.SearchSet(options)
    for pattern in patterns:
        together.Add(pattern)
    if patterns:
        together.Compile()

    def find_all(texts: Texts) -> set[int]:
        try:
            return {place for text in texts for place in together.Match(text) or ()}
        except UnicodeError:
            return set(range(len(patterns)))  # what cannot be searched counts as found: then a rule masks or drops

    return find_all


def _one_of(values: Sequence[str]) -> Test:
    wanted = frozenset(values)
    return lambda texts: not wanted.isdisjoint(texts)


def _glob_test(globs: Sequence[str]) -> Test:
    fits = re.compile("|".join(f"(?:{translate(glob)})" for glob in globs)).match
    return lambda texts: any(text and fits(text) for text in texts)


def _field_test(asked: FieldTest) -> Test:
    equals = None if asked.equals is None else frozenset(asked.equals)
    search: Any = None if asked.pattern is None else compile_pattern(asked.pattern).search

    def test(texts: Texts) -> bool:
        if asked.present is not None and asked.present != any(texts):
            return False
        if equals is None and search is None:
            return True
        return any((equals is None or text in equals) and (search is None or _finds(search, text)) for text in texts)

    return test


def _finds(search: Callable[[str], object], text: str) -> bool:
    try:
        return search(text) is not None
    except UnicodeError:
        return True  # what cannot be searched counts as found: a rule that masks or drops then does so
