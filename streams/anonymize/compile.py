"""From the rules that are for an event to what is done to each of its fields."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import cast

from msgspec.structs import replace

from streams.anonymize.action import TextAction, TextFunction, chain
from streams.anonymize.client import make_network
from streams.anonymize.fields import ADDRESS, AFTER, BEFORE, IDS, REQUIRED, VISITOR, Kind, expand
from streams.anonymize.generalize import make_coarse_number, make_coarse_time
from streams.anonymize.hashes import FASTER, Hashes
from streams.anonymize.ip import V4_BITS, V6_BITS
from streams.anonymize.keyring import DEFAULT_KEY, Keyring, Rotation
from streams.anonymize.operations import OWN, Ask, Operations
from streams.anonymize.paths import Path, below, parse_path, rests_below
from streams.anonymize.program import Named, NumberFunction, Program
from streams.anonymize.redact import make_number_search
from streams.anonymize.rules import Rules
from streams.anonymize.ruleset import (
    DropEvent,
    FieldRule,
    Generalize,
    KeepOnly,
    Pseudonymize,
    Redact,
    Rule,
    RuleFile,
    TruncateIp,
)
from streams.anonymize.url import UrlAction, UrlFunction
from streams.anonymize.urls import make_url
from streams.anonymize.value import Drop, Keep, Step, ValueFunction, make_value
from streams.keys import Keys
from streams.memo import remember

_STAYS = frozenset({*REQUIRED, VISITOR, "collector_tstamp", "derived_tstamp"})
"""What ``keep_only`` leaves without being told."""
_HELD = 512
"""Combinations of rules on a field whose functions are held."""
_LONGEST_VALUE = 8192
"""Contexts are long, and come again less often than texts do."""

Asks = tuple[Ask, ...]
Numbers = tuple[int, ...]
"""Of rules, in order."""


class Compiler:
    """Makes programs. Fields under the same rules, events under the same keys, share functions with their memory."""

    def __init__(self, file: RuleFile, hashes: Hashes) -> None:
        self._rules = file.rules
        self._hashes = hashes
        self._operations = Operations(cast("tuple[FieldRule, ...]", tuple(file.rules)), hashes)
        self._base64 = [parse_path(path) for path in file.base64]
        self._targets = [rule_targets(rule) for rule in file.rules]
        hold = lru_cache(maxsize=_HELD)
        self._text, self._url = hold(self._make_text), hold(self._make_url)
        self._value, self._properties = hold(self._make_value), hold(self._make_properties)
        self._fastest = max(
            [(rule.key, rule.rotation) for rule in file.rules if isinstance(rule, Pseudonymize) and _for_visitor(rule)],
            key=lambda secret: FASTER[secret[1]],
            default=(DEFAULT_KEY, Rotation.NONE),
        )
        self.rotates = any(isinstance(rule, Pseudonymize) and rule.rotation != Rotation.NONE for rule in file.rules)

    def program(self, numbers: Numbers, day: int) -> Program:
        """What these rules do to an event as it came in. ``day`` counts from 1970, for keys that rotate."""
        if self._drops(numbers):
            return Program(drops=True)
        visitor = self._visitor_key(numbers)
        secret = visitor or (DEFAULT_KEY, Rotation.NONE)
        asked = {name: self._asked(numbers, name, secret, day) for name in BEFORE}
        program = self._columns(asked, BEFORE)
        kept = {name: asks for name, asks in asked.items() if name not in program.dropped}
        own = tuple(name for name in self._own(numbers) if name in kept)
        return replace(
            program,
            network=self._network(kept[ADDRESS]) if ADDRESS in kept else None,
            pseudonyms=tuple((n, self._pseudonym(kept[n], n, secret, day)) for n in IDS if n in kept),
            hashes=self._hashes.of_events(*secret, day),
            keeps_visitor=visitor is not None,
            own=own,
            own_base64=tuple(path for path in self._base64 if path[0] in own),
        )

    def after(self, numbers: Numbers, day: int) -> Program:
        """What these rules do to an enriched event; a field that no member names stays as it is."""
        if self._drops(numbers):
            return Program(drops=True)
        asked = {name: self._asked(numbers, name, self._fastest, day) for name in AFTER}
        return self._columns({name: asks for name, asks in asked.items() if asks}, AFTER)

    def app_id(self) -> TextFunction:
        """What all rules before enrichment together do to an app's name: outcomes tell no more of an event."""
        numbers = tuple(number for number, rule in enumerate(self._rules) if rule.when == "before")
        return self._text(self._asked(numbers, "app_id", (DEFAULT_KEY, Rotation.NONE), 0), "app_id", Kind.TEXT)

    def _drops(self, numbers: Numbers) -> bool:
        return any(isinstance(self._rules[number], DropEvent) for number in numbers)

    def _columns(self, asked: Mapping[str, Asks], kinds: Mapping[str, Kind]) -> Program:
        dropped = [name for name, asks in asked.items() if self._is_dropped(asks, name)]
        kept = {name: asks for name, asks in asked.items() if name not in dropped}
        return Program(
            dropped=tuple(dropped),
            texts=tuple((n, self._text(a, n, kinds[n])) for n, a in _of(kept, kinds, Kind.TEXT, Kind.AGENT)),
            urls=tuple((n, self._url(a)) for n, a in _of(kept, kinds, Kind.URL)),
            values=tuple((n, self._value(a, n)) for n, a in _of(kept, kinds, Kind.TREE) if n != "properties"),
            properties=self._properties(kept["properties"]) if "properties" in kept else None,
            numbers=tuple((n, self._number(a)) for n, a in _of(kept, kinds, Kind.NUMBER)),
            times=tuple((n, time) for n, a in _of(kept, kinds, Kind.TIME) for time in self._times(a)),
        )

    def _visitor_key(self, numbers: Numbers) -> tuple[str, Rotation] | None:
        """The key of the last rule for the visitor; None where it is dropped."""
        found: tuple[str, Rotation] | None = (DEFAULT_KEY, Rotation.NONE)
        for number in numbers:
            rule = self._rules[number]
            if (VISITOR,) in self._targets[number] and not isinstance(rule, KeepOnly):
                found = (rule.key, rule.rotation) if isinstance(rule, Pseudonymize) else None
        return found

    def _asked(self, numbers: Numbers, field: str, visitor: tuple[str, Rotation], day: int) -> Asks:
        """What the rules ask of a field, in order."""
        found: list[Ask] = []
        for number in numbers:
            rule = self._rules[number]
            paths = [path[1:] for path in self._targets[number] if path[0] == field]
            if isinstance(rule, KeepOnly):
                if not (field in _STAYS or () in paths or (rule.within and rule.within != field)):
                    found.append(Ask(number, keep=tuple(paths)))
            elif isinstance(rule, Pseudonymize):
                key, rotation = _faster((rule.key, rule.rotation), visitor)
                when = 0 if rotation == Rotation.NONE else day
                found += [Ask(number, path, None, _purpose(rule, field, path), key, rotation, when) for path in paths]
            else:
                found += [Ask(number, path) for path in paths]
        return tuple(found)

    def _is_dropped(self, asks: Asks, field: str) -> bool:
        return any(ask.keep == () or (not ask.path and self._operations.drops(ask, field)) for ask in asks)

    def _own(self, numbers: Numbers) -> list[str]:
        rules = [(number, self._rules[number]) for number in numbers]
        found = [n for n, rule in rules if isinstance(rule, Redact) and OWN in rule.find]
        return list(dict.fromkeys(path[0] for number in found for path in self._targets[number]))

    def _make_text(self, asks: Asks, field: str, kind: Kind) -> TextFunction:
        if (field,) in self._base64:
            value = make_value([((), action) for action in self._actions(asks, kind)], [()])
            return remember(lambda text: value(text)[0])
        return remember(chain(self._actions(asks, kind)))

    def _actions(self, asks: Sequence[Ask], kind: Kind) -> list[TextAction]:
        return [action for ask in asks if (action := self._operations.on_text(ask, kind)) is not None]

    def _make_url(self, asks: Asks) -> UrlFunction:
        """Neighbours that know a URL's parts take it apart once; the others see it as a text."""
        pieces: list[list[UrlAction] | TextAction] = []
        for ask in asks:
            action = self._operations.on_url(ask)
            if isinstance(action, UrlAction):
                if not pieces or isinstance(pieces[-1], TextAction):
                    pieces.append([])
                cast("list[UrlAction]", pieces[-1]).append(action)
            elif action is not None:
                pieces.append(action)
        if all(isinstance(piece, list) for piece in pieces):  # at most one: neighbours are together
            return make_url([action for piece in pieces for action in cast("list[UrlAction]", piece)])
        return remember(_joined([make_url(p) if isinstance(p, list) else _as_url(chain([p])) for p in pieces]))

    def _make_value(self, asks: Asks, field: str) -> ValueFunction:
        steps = [(ask.path, step) for ask in asks if (step := self._operations.on_value(ask, Kind.TREE)) is not None]
        base64 = [path[1:] for path in self._base64 if path[0] == field]
        return make_value(steps, base64, _LONGEST_VALUE)

    def _make_properties(self, asks: Asks) -> Callable[[str], Named | None]:
        steps = [(ask.path, step) for ask in asks if (step := self._operations.on_value(ask, Kind.TREE)) is not None]
        clean_name = chain(
            [step for path, step in steps if not path and isinstance(step, TextAction) and step.on_names]
        )
        base64 = [path[1:] for path in self._base64 if path[0] == "properties"]
        functions: dict[tuple[tuple[int, Path], ...], ValueFunction] = {}

        def resolve(name: str) -> Named | None:
            inner = [(number, rest) for number, (path, _) in enumerate(steps) for rest in rests_below(path, name)]
            found = _at_property(name, [(rest, steps[number][1]) for number, rest in inner])
            if found is None:
                return None
            opened = [rest for path in base64 for rest in rests_below(path, name)]
            kind = (
                *inner,
                *[(-1, rest) for rest in opened],
                *[(-2, p) for s in found if isinstance(s[1], Keep) for p in s[1].paths],
            )
            if kind not in functions:
                functions[kind] = remember(make_value(found, opened))
            return clean_name(name) if name else name, functions[kind] if kind else None

        return remember(resolve)

    def _number(self, asks: Asks) -> NumberFunction | None:
        searches = self._actions([ask for ask in asks if isinstance(self._rules[ask.rule], Redact)], Kind.NUMBER)
        steps = [rule.step for ask in asks if isinstance(rule := self._rules[ask.rule], Generalize) and rule.step]
        search = make_number_search(searches) if searches else None
        coarse = make_coarse_number(max(steps)) if steps else None
        if search is None or coarse is None:
            return search or coarse
        return lambda number: None if search(number) is None else coarse(number)

    def _times(self, asks: Asks) -> Iterator[Callable[[int], int]]:
        for ask in asks:
            rule = self._rules[ask.rule]
            if isinstance(rule, Generalize) and rule.to is not None:
                yield make_coarse_time(rule.to)

    def _network(self, asks: Asks) -> TextFunction:
        """Whatever the rules say, no more than a network stays."""
        cuts = [rule for ask in asks if isinstance(rule := self._rules[ask.rule], TruncateIp)]
        return make_network(min([V4_BITS, *[rule.v4 for rule in cuts]]), min([V6_BITS, *[rule.v6 for rule in cuts]]))

    def _pseudonym(self, asks: Asks, field: str, visitor: tuple[str, Rotation], day: int) -> TextFunction:
        """Whatever the rules say, no id stays as it came: by the last rule's key, else by the visitor's."""
        made = [ask for ask in asks if ask.key]
        if made:
            return chain([self._hashes.pseudonym(made[-1].key, made[-1].rotation, made[-1].day, made[-1].purpose)])
        return chain([self._hashes.pseudonym(*visitor, day, field)])


def rule_targets(rule: Rule) -> list[Path]:
    """The paths a rule names, groups as their columns."""
    if isinstance(rule, DropEvent):
        return []
    return [target for text in rule.fields for target in expand(parse_path(text))]


def _for_visitor(rule: Pseudonymize) -> bool:
    return VISITOR in rule.fields


def _of(kept: Mapping[str, Asks], kinds: Mapping[str, Kind], *wanted: Kind) -> list[tuple[str, Asks]]:
    return [(name, asks) for name, asks in kept.items() if kinds[name] in wanted]


def _faster(own: tuple[str, Rotation], visitor: tuple[str, Rotation]) -> tuple[str, Rotation]:
    """A pseudonym that outlives the visitor's would join what the visitor's rotation parts."""
    return own if FASTER[own[1]] >= FASTER[visitor[1]] else visitor


def _purpose(rule: Pseudonymize, field: str, path: Path) -> str:
    return rule.purpose or ".".join((field, *path))


def _as_url(function: TextFunction) -> UrlFunction:
    return lambda url: (function(url), "")


def _joined(functions: Sequence[UrlFunction]) -> UrlFunction:
    if len(functions) == 1:
        return functions[0]

    def run(url: str) -> tuple[str, str]:
        network = ""
        for function in functions:
            url, found = function(url) if url else ("", "")
            network = network or found
        return url, network

    return run


def _at_property(name: str, steps: Sequence[Step]) -> list[Step] | None:
    """The steps as they are for one property; None where one of them removes it."""
    found: list[Step] = []
    for path, step in steps:
        if isinstance(step, Keep):
            rests = [rest for kept in step.paths for rest in below(kept, name, None)]
            if not rests:
                return None
            if () not in rests:
                found.append((path, Keep(tuple(rests))))
        elif isinstance(step, Drop) and not path:
            return None
        else:
            found.append((path, step))
    return found


def make_app_id(keys: Keys, keyring: Keyring, rules: Rules) -> TextFunction:
    """What all rules together do to an app's name."""
    function = Compiler(rules.file, Hashes(keys, keyring)).app_id()
    return lambda app_id: app_id and function(app_id)
