"""The rules a worker goes by: the file's text, its hash, which every row carries, and what it says."""

import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
import yaml
from pydantic import BaseModel, ValidationError

from streams.anonymize import ruleset
from streams.anonymize.checks import problems_of
from streams.anonymize.rules_lines import Lines, compose
from streams.anonymize.ruleset import RuleFile
from streams.errors import ConfigError
from streams.records import Control

DEFAULTS = "the defaults"
_MEND = "`thalweg rules defaults` prints a file to start from; docs/anonymization.md shows each action"
_LONGEST_SHOWN = 60
_WRONG_ACTION = "union_tag_invalid"


class Rules(msgspec.Struct, frozen=True):
    """A rules file; ``hash`` is the SHA-256 of its text's UTF-8 bytes, in hex."""

    hash: str
    text: str
    file: RuleFile


def make_rules(text: str, source: str = "rules") -> Rules:
    """The rules of a text. Raises ConfigError that lists all that is wrong: source, line, key, reason; and a mend."""
    try:
        data, lines = compose(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}{_place(error)}", "mend the YAML there; indent with spaces") from None
    problems = [(line, _key_text(path), "stands twice") for path, line in lines.twice]
    try:
        file = RuleFile.model_validate(data)
        problems += [(lines.of(path), _key_text(path), reason) for path, reason in problems_of(file)]
    except ValidationError as error:
        problems += _words(error, lines)
    if problems:
        told = "".join(f"\n  {source}:{line}: {key}: {reason}" for line, key, reason in sorted(problems))
        raise ConfigError(f"the rules are wrong:{told}", _MEND)
    return Rules(hash=hashlib.sha256(text.encode()).hexdigest(), text=text, file=file)


def read_rules(path: Path | None) -> Rules:
    """The rules of a file; the defaults where none is named. Raises ConfigError."""
    if path is None:
        return default_rules()
    try:
        return make_rules(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}", "name a readable rules file") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start})", "save it as UTF-8") from None


def default_rules() -> Rules:
    """The rules that hold when nobody wrote any: the safe ones, shipped in this package."""
    return make_rules(resources.files(__package__).joinpath("defaults.yaml").read_text(encoding="utf-8"), DEFAULTS)


def asks_for_country(rules: Rules) -> bool:
    """Whether a rule needs a geo database."""
    return any(match and match.country for rule in rules.file.rules for match in (rule.match, rule.unless))


def keys_of(rules: Rules) -> list[tuple[str, Literal["none", "daily", "monthly"]]]:
    """(Key id, rotation) of each key that the rules name."""
    named = {(rule.key, rule.rotation) for rule in rules.file.rules if isinstance(rule, ruleset.Pseudonymize)}
    return sorted((key, rotation.value) for key, rotation in named)


def rules_control(rules: Rules) -> Control:
    """The record that tells the sessions worker the text behind a hash."""
    return Control(kind="rules", body={"hash": rules.hash, "text": rules.text})


def _place(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f":{mark.line + 1}: column {mark.column + 1}: {error.problem}"
    return ": is not YAML"


def _key_text(path: Sequence[str | int]) -> str:
    """``rules[2].fields[0]``, counted from 1 as people count rules."""
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the file"


def _words(error: ValidationError, lines: Lines) -> Iterator[tuple[int, str, str]]:
    for item in error.errors(include_url=False, include_context=True):
        path = tuple(part for part in item["loc"] if isinstance(part, int) or not _is_tag(part))
        yield lines.of(path), _key_text(path), _reason(path, item)


def _reason(path: Sequence[str | int], item: Mapping[str, Any]) -> str:
    kind, message = item["type"], str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    if kind == "extra_forbidden":
        return f"unknown key{_did_you_mean(str(path[-1]), _KEYS)}"
    if kind == _WRONG_ACTION:
        tag = str(item["ctx"]["tag"])
        return f"no action is called {tag!r}{_did_you_mean(tag, sorted(_ACTIONS))}"
    if kind == "union_tag_not_found":
        return f"`action` is missing: one of {', '.join(sorted(_ACTIONS))}"
    value = item["input"]
    return f"{message} (is {str(value)[:_LONGEST_SHOWN]!r})" if isinstance(value, str | int | float) else message


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _models() -> list[type[BaseModel]]:
    return [model for model in vars(ruleset).values() if isinstance(model, type) and issubclass(model, ruleset.Part)]


_ACTIONS = {get_args(field.annotation)[0] for model in _models() if (field := model.model_fields.get("action"))}
_KEYS = sorted({key for model in _models() for key in model.model_fields})
_TAGS = frozenset(_ACTIONS) | {model.__name__ for model in _models()} | {"[key]"}


def _is_tag(part: str) -> bool:
    """Whether it is pydantic's word for a branch, and no key of the file."""
    return part in _TAGS or "[" in part
