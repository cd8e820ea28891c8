"""Reads settings from a YAML file and from THALWEG_… variables, and words what is wrong with them."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from streams.errors import ConfigError

PREFIX = "THALWEG_"
STEP = "__"
CONFIG_VARIABLE = "THALWEG_CONFIG"
RESERVED = ("THALWEG_SHARED", "THALWEG_TEST_")
"""Variables (or their beginnings) that belong to the tests, not to the settings."""

Layer = dict[str, Any]
KeyPath = tuple[str, ...]
_LONGEST_SHOWN = 60


class Sources(msgspec.Struct, frozen=True):
    """Where each value came from: the words for it, by key path, strongest first; and what was refused on reading."""

    variables: Mapping[KeyPath, str]
    file: Path | None
    overrides: Layer
    refused: tuple[str, ...] = ()

    def of(self, path: KeyPath) -> str:
        """The file or variable that set this key."""
        if _holds(self.overrides, path):
            return "command line"
        for length in range(len(path), 0, -1):
            if variable := self.variables.get(path[:length]):
                return variable
        return str(self.file) if self.file else "settings"


def read_file(path: Path) -> Layer:
    """The settings a YAML file gives; a key without a value counts as not given. Raises ConfigError."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}", "name a readable YAML file") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start})", "save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_place(error)}", "mend the YAML there; indent with spaces") from None
    if not isinstance(data, dict | None):
        raise ConfigError(f"{path}: holds a {type(data).__name__}, not keys", "write `key: value` lines")
    return without_empty(data or {})


def _place(error: yaml.YAMLError) -> str:
    """Line, column and problem; never the text around it, which may be a secret put there by mistake."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f": line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return ": is not YAML"


def without_empty(layer: Layer) -> Layer:
    """The layer less its keys without a value, at any depth."""
    return {
        key: without_empty(value) if isinstance(value, dict) else value
        for key, value in layer.items()
        if value is not None
    }


def merge(*layers: Layer) -> Layer:
    """Later layers win, key by key."""
    merged: Layer = {}
    for layer in layers:
        for key, value in layer.items():
            old = merged.get(key)
            merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def read_environment(model: type[BaseModel], environ: Mapping[str, str]) -> tuple[Layer, dict[KeyPath, str], list[str]]:
    """What variables set, which variable set what, and a complaint for each that names no setting."""
    layer: Layer = {}
    names: dict[KeyPath, str] = {}
    refused = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name == CONFIG_VARIABLE or name.startswith(RESERVED):
            continue
        path = _setting(model, name.removeprefix(PREFIX).split(STEP))
        if path is None:
            refused.append(f"{name}: no setting has this variable{_did_you_mean(name, variables_of(model))}")
            continue
        names[path] = name
        section = layer
        for key in path[:-1]:
            section = section.setdefault(key, {})
        section[path[-1]] = environ[name]
    return layer, names, refused


def _setting(model: type[BaseModel], words: list[str]) -> KeyPath | None:
    """The key path a variable's words name; None when there is no such value."""
    key, *rest = words
    field = model.model_fields.get(key.lower())
    if field is None:
        return None
    section, by_name = section_of(field.annotation)
    if section is None:
        return None if rest else (key.lower(),)
    named, rest = ((rest[0],), rest[1:]) if by_name and rest else ((), rest)
    inner = _setting(section, rest) if rest else None
    return inner and (key.lower(), *named, *inner)


def section_of(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The section a field holds, and whether it holds several by name; (None, False) for a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    if get_origin(annotation) is dict and issubclass(get_args(annotation)[1], BaseModel):
        return get_args(annotation)[1], True
    return None, False


def keys_of(model: type[BaseModel], above: KeyPath = ()) -> Iterator[KeyPath]:
    """The path of every value; ``NAME`` stands for a name the user chooses."""
    for key, field in model.model_fields.items():
        section, by_name = section_of(field.annotation)
        if section is None:
            yield (*above, key)
        else:
            yield from keys_of(section, (*above, key, "NAME") if by_name else (*above, key))


def variables_of(model: type[BaseModel]) -> list[str]:
    """The variable of every value."""
    return [PREFIX + STEP.join(path).upper() for path in keys_of(model)]


def secrets_in(model: type[BaseModel], file: Path | None, layer: Layer) -> list[str]:
    """A complaint for each secret that stands in the file."""
    return [
        f"{file}: {key}: a secret does not belong in this file; set {PREFIX}{key.upper()} instead"
        for key in layer
        if key in model.model_fields and _is_secret(model, (key,))
    ]


def _is_secret(model: type[BaseModel], path: KeyPath) -> bool:
    field = model.model_fields.get(path[0]) if len(path) == 1 else None
    return field is not None and SecretStr in (field.annotation, *get_args(field.annotation))


def explain(model: type[BaseModel], error: ValidationError | None, sources: Sources) -> ConfigError:
    """All that is wrong as one error: source, key path, what, and the mend. Never shows a secret's value."""
    lines = list(sources.refused)
    for item in error.errors(include_url=False, include_context=False) if error else ():
        path = tuple(str(part) for part in item["loc"] if part != "[key]")
        lines.append(f"{sources.of(path)}: {'.'.join(path)}: {_what(model, path, item['type'], item)}")
    return ConfigError(
        "the settings are wrong:\n  " + "\n  ".join(lines),
        "docs/thalweg.reference.yaml names every key, its variable's words, its unit and its default",
    )


def _what(model: type[BaseModel], path: KeyPath, kind: str, item: Mapping[str, Any]) -> str:
    if kind == "extra_forbidden":
        return f"unknown key{_did_you_mean(path[-1], _siblings(model, path))}"
    message = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    value = item["input"]
    shown = isinstance(value, str | int | float) and not _is_secret(model, path)
    return f"{message} (is {str(value)[:_LONGEST_SHOWN]!r})" if shown else message


def _siblings(model: type[BaseModel], path: KeyPath) -> list[str]:
    for key in path[:-1]:
        field = model.model_fields.get(key)
        if field is not None:  # else a name the user chose: its section is already at hand
            section, _ = section_of(field.annotation)
            model = model if section is None else section
    return list(model.model_fields)


def _did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _holds(layer: Layer, path: KeyPath) -> bool:
    inner: Any = layer
    for key in path:
        if not isinstance(inner, dict) or key not in inner:
            return False
        inner = inner[key]
    return True
