"""From one rule of the file to its function, for each kind of field it may be for."""

from functools import lru_cache

import msgspec

from streams.anonymize.action import TextAction
from streams.anonymize.client import make_network
from streams.anonymize.fields import Kind
from streams.anonymize.generalize import LARGER, make_coarse_text
from streams.anonymize.hashes import Hashes
from streams.anonymize.keyring import Rotation
from streams.anonymize.mask import make_mask
from streams.anonymize.paths import Path
from streams.anonymize.query import make_query, make_text_query
from streams.anonymize.redact import make_redact, make_url_redact
from streams.anonymize.ruleset import (
    DropField,
    FieldRule,
    Generalize,
    Mask,
    OwnPattern,
    Pseudonymize,
    Redact,
    TruncateIp,
    UrlQuery,
    UrlTemplate,
)
from streams.anonymize.template import make_template, make_text_template
from streams.anonymize.url import UrlAction
from streams.anonymize.value import Drop, Keep, Operation

_HELD = 2048
OWN = "own"
DROP = Drop()


class Ask(msgspec.Struct, frozen=True):
    """What a rule asks of one field; equal asks share one function."""

    rule: int
    path: Path = ()
    """Below the field."""
    keep: tuple[Path, ...] | None = None
    """Of ``keep_only``: what stays of the field."""
    purpose: str = ""
    """Of a pseudonym."""
    key: str = ""
    rotation: Rotation = Rotation.NONE
    day: int = 0
    """Since 1970; 0 where no key rotates."""


class Operations:
    """The functions of a file's rules, each made once."""

    def __init__(self, rules: tuple[FieldRule, ...], hashes: Hashes) -> None:
        """``rules`` by their numbers in the file."""
        self._rules = rules
        self._hashes = hashes
        self.on_text = lru_cache(maxsize=_HELD)(self._on_text)
        self.on_url = lru_cache(maxsize=_HELD)(self._on_url)

    def drops(self, ask: Ask, field: str) -> bool:
        """Whether it removes what its path leads to."""
        rule = self._rules[ask.rule]
        if isinstance(rule, Generalize) and rule.to in LARGER:
            return field in LARGER[rule.to]
        return isinstance(rule, DropField)

    def on_value(self, ask: Ask, kind: Kind) -> Operation | None:
        """What is done at the ask's path; None where it is done elsewhere."""
        if ask.keep is not None:
            return Keep(ask.keep)
        return DROP if isinstance(self._rules[ask.rule], DropField) else self.on_text(ask, kind)

    def _on_text(self, ask: Ask, kind: Kind) -> TextAction | None:  # noqa: PLR0911 - one for each action
        rule = self._rules[ask.rule]
        match rule:
            case Mask():
                return make_mask(rule)
            case TruncateIp():
                return TextAction(make_network(rule.v4, rule.v6))
            case Pseudonymize():
                return self._hashes.pseudonym(ask.key, ask.rotation, ask.day, ask.purpose)
            case Redact():
                kinds = _kinds_in(rule, kind)
                return make_redact(kinds) if kinds else None
            case UrlQuery():
                return make_text_query(rule)
            case UrlTemplate():
                return make_text_template(rule)
            case Generalize():
                return None if rule.to in LARGER else make_coarse_text(rule)
        return None

    def _on_url(self, ask: Ask) -> UrlAction | TextAction | None:
        rule = self._rules[ask.rule]
        match rule:
            case Redact():
                kinds = _kinds_in(rule, Kind.URL)
                return make_url_redact(kinds) if kinds else None
            case UrlQuery():
                return make_query(rule)
            case UrlTemplate():
                return make_template(rule)
        return self.on_text(ask, Kind.URL)


def _kinds_in(rule: Redact, kind: Kind) -> list[str | OwnPattern]:
    """Without the event's own ids, which own.py knows; in a user agent versions look like addresses."""
    return [each for each in rule.find if each != OWN and not (each == "ip" and kind is Kind.AGENT)]
