"""What a rules file must not say although its form is right: fields that are not there, actions that make no sense."""

from collections.abc import Iterator

from streams.anonymize.fields import AFTER, BEFORE, IDENTITY, NULLABLE, REQUIRED, VISITOR, Kind, expand
from streams.anonymize.paths import Path, parse_path
from streams.anonymize.ruleset import (
    WORDS,
    DropEvent,
    FieldRule,
    Generalize,
    KeepOnly,
    Match,
    OwnPattern,
    Redact,
    Rule,
    RuleFile,
    UrlTemplate,
    compile_pattern,
)

Where = tuple[str | int, ...]
Problem = tuple[Where, str]

_TEXTUAL = frozenset({Kind.TEXT, Kind.AGENT, Kind.URL, Kind.TREE})
_ALL = frozenset(Kind)
_FITS = {
    "drop_field": _ALL,
    "keep_only": _ALL,
    "mask": _TEXTUAL,
    "truncate_ip": frozenset({Kind.TEXT, Kind.TREE, Kind.ADDRESS}),
    "pseudonymize": _TEXTUAL | {Kind.ID, Kind.VISITOR},
    "redact": _TEXTUAL | {Kind.NUMBER},
    "url_query": _TEXTUAL,
    "url_template": frozenset({Kind.TEXT, Kind.URL, Kind.TREE}),
    "generalize": frozenset({Kind.TEXT, Kind.AGENT, Kind.TREE, Kind.NUMBER, Kind.TIME}),
}
"""Action → kinds of field it makes sense on."""
_TIMES = ("second", "minute", "hour", "day")
_KEPT_TIMES = frozenset({"collector_tstamp", "derived_tstamp"})
_AFTER_OWN = ("drop_event", "drop_field", "keep_only", "generalize")


def problems_of(file: RuleFile) -> Iterator[Problem]:
    """Each as (key path, reason)."""
    seen: dict[str, int] = {}
    own_at = None
    for number, rule in enumerate(file.rules):
        where: Where = ("rules", number)
        if rule.name in seen:
            yield (*where, "name"), f"rule {seen[rule.name] + 1} has this name too"
        seen.setdefault(rule.name, number)
        yield from _match_problems(file, rule, where)
        if isinstance(rule, DropEvent):
            continue
        yield from _field_problems(rule, where)
        if own_at is not None and rule.when == "before" and rule.action not in _AFTER_OWN and not _finds_own(rule):
            yield (
                where,
                f"must stand before rule {own_at + 1}: `own` looks for ids in texts as all other rules leave them",
            )
        if _finds_own(rule) and own_at is None:
            own_at = number
    for number, path in enumerate(file.base64):
        root = parse_path(path)[0]
        if BEFORE.get(root) not in (Kind.TEXT, Kind.TREE):
            yield ("base64", number), f"{root} is no field of text"
    for number, source in enumerate(file.consent):
        yield from _root_problems(parse_path(source.path), BEFORE, ("consent", number, "path"))


def _match_problems(file: RuleFile, rule: Rule, where: Where) -> Iterator[Problem]:
    for key, match in (("match", rule.match), ("unless", rule.unless)):
        if match is None:
            continue
        if match.consent and not file.consent:
            yield (*where, key, "consent"), "the file's key `consent` says nowhere where to find it"
        if match.country and rule.when == "after":
            yield (*where, key, "country"), "after enrichment test the field geo_country instead"
        yield from _tested_fields(match, rule, (*where, key, "fields"))


def _tested_fields(match: Match, rule: Rule, where: Where) -> Iterator[Problem]:
    for path in match.fields or {}:
        known = AFTER if rule.when == "after" else BEFORE
        steps = parse_path(path)
        if steps[0] == VISITOR:
            yield (*where, path), "the visitor's id is made by the rules; test the id it is made from"
        else:
            yield from _root_problems(steps, known, (*where, path))


def _root_problems(path: Path, known: dict[str, Kind], where: Where) -> Iterator[Problem]:
    root = path[0]
    if root not in known:
        yield where, _unknown(root, known)
    elif len(path) > 1 and known[root] is not Kind.TREE:
        yield where, f"{root} has nothing below it"


def _unknown(root: str, known: dict[str, Kind]) -> str:
    if root in AFTER and known is not AFTER:
        return f"{root} is known only after enrichment: say `when: after`"
    if root in BEFORE:
        return f"{root} is not there after enrichment any more"
    return f"no field is called {root!r}; fields below properties are properties.{root}"


def _field_problems(rule: FieldRule, where: Where) -> Iterator[Problem]:
    known = AFTER if rule.when == "after" else BEFORE
    for number, text in enumerate(rule.fields):
        at: Where = (*where, "fields", number)
        path = parse_path(text)
        if rule.when == "after" and path[0] in IDENTITY:
            yield (*where, "when"), f"`after` is refused for {path[0]}: addresses and ids are masked first of all"
            continue
        if isinstance(rule, KeepOnly) and rule.within and path[0] != rule.within:
            yield at, f"is not below {rule.within}"
        for target in expand(path):
            yield from _target_problems(rule, target, known, at)
    yield from _own_problems(rule, where)


def _target_problems(rule: FieldRule, path: Path, known: dict[str, Kind], where: Where) -> Iterator[Problem]:
    found = list(_root_problems(path, known, where))
    yield from found
    if found:
        return
    root = path[0]
    kind = known[root]
    if kind not in _FITS[rule.action] or (rule.action == "redact" and kind is Kind.NUMBER and root not in NULLABLE):
        yield where, f"{root} is {kind.value}: {rule.action} makes no sense there"
    if rule.action == "pseudonymize" and root == "app_id":
        yield where, "outcomes carry the app's name too, and belong to no day: mask or redact it"
    if rule.action == "redact" and len(path) > 1 and _finds_own(rule):
        yield where, f"`own` looks in all of {root}: write a rule of its own for {root}"
    if rule.action == "drop_field" and (root in REQUIRED or root in _KEPT_TIMES):
        yield where, f"no event is without {root}; drop_event drops the event"
    if isinstance(rule, Generalize):
        yield from _coarse_problems(rule, root, kind, where)


def _coarse_problems(rule: Generalize, root: str, kind: Kind, where: Where) -> Iterator[Problem]:
    if kind is Kind.TIME and rule.to not in _TIMES:
        yield where, f"{root} is a time: `to` is one of {', '.join(_TIMES)}"
    elif kind is Kind.TIME and root == "derived_tstamp" and rule.to not in ("second", "minute"):
        yield where, "sessions are cut by derived_tstamp: `to` is second or minute"
    elif kind is Kind.NUMBER and rule.step is None and rule.to not in ("country", "region"):
        yield where, f"{root} is a number: give `step`"
    elif kind is not Kind.TIME and rule.to in _TIMES:
        yield where, f"{root} is no time"
    elif rule.to in ("country", "region") and not root.startswith("geo_"):
        yield where, f"{root} is no place: name the group geo"


def _own_problems(rule: FieldRule, where: Where) -> Iterator[Problem]:
    if _finds_own(rule) and rule.when == "after":
        yield (*where, "when"), "`own` looks for ids, which are not there after enrichment any more"
    key = "find" if isinstance(rule, Redact) else "segments"
    words = [f"({word})" for word in (*WORDS, *(own.name for own in _own_patterns(rule)))]
    for own in _own_patterns(rule):
        word = next((word for word in words if compile_pattern(own.pattern).search(word)), None)
        if word is not None and isinstance(rule, Redact):
            yield (*where, key), f"pattern {own.name!r} finds {word}, which stands for what was found: make it narrower"


def _own_patterns(rule: FieldRule) -> list[OwnPattern]:
    patterns: list[object] = []
    if isinstance(rule, Redact):
        patterns = list(rule.find)
    elif isinstance(rule, UrlTemplate):
        patterns = list(rule.segments)
    return [pattern for pattern in patterns if isinstance(pattern, OwnPattern)]


def _finds_own(rule: Rule) -> bool:
    return isinstance(rule, Redact) and "own" in rule.find
