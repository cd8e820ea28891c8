"""JSON schemas from a folder in Iglu's layout, compiled once, as the check that the parsers ask.

Source: docs.snowplow.io, Iglu static registry: ``schemas/VENDOR/NAME/jsonschema/MODEL-REVISION-ADDITION``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NoReturn

from jsonschema_rs import Draft4Validator, RegexOptions

from streams.errors import ConfigError
from streams.outcome import Dead, Reason
from streams.parse.options import Check, accept

PREFIX = "iglu:"
_OURS = ("$schema", "self")
"""Iglu's own words, which are no part of a draft 4 schema."""

Schemas = Mapping[str, Draft4Validator]
"""By URI (``iglu:com.acme/cart/jsonschema/1-0-0``)."""


def open_check(folder: Path | None, unknown: Literal["accept", "dead"]) -> Check:
    """The check of a folder's schemas; every value passes where there is no folder.

    Raises ConfigError for a folder that holds none, or a file that is no draft 4 schema: named, with what is wrong.
    """
    if folder is None:
        return accept
    return make_check(read_schemas(folder), known_only=unknown == "dead")


def make_check(schemas: Schemas, *, known_only: bool) -> Check:
    """A check by these schemas. The detail says where the value is wrong; it may quote content."""

    def check(uri: str, data: object) -> Dead | None:
        schema = schemas.get(uri)
        if schema is None:
            return Dead(Reason.SCHEMA_UNKNOWN, uri[:200]) if known_only else None
        if schema.is_valid(data):
            return None
        error = next(schema.iter_errors(data))
        return Dead(Reason.SCHEMA_INVALID, f"{uri}: {'/'.join(map(str, error.instance_path))}: {error.message}")

    return check


def read_schemas(folder: Path) -> Schemas:
    """Every schema below the folder, or below ``schemas`` in it."""
    root = folder / "schemas" if (folder / "schemas").is_dir() else folder
    files = sorted(file for file in root.glob("*/*/jsonschema/*") if file.is_file() and not file.name.startswith("."))
    if not files:
        raise ConfigError(
            f"schemas.folder {folder}: holds no schema", "lay them out as schemas/VENDOR/NAME/jsonschema/1-0-0"
        )
    return {PREFIX + file.relative_to(root).as_posix(): _compiled(file) for file in files}


def _compiled(file: Path) -> Draft4Validator:
    try:
        schema = dict(json.loads(file.read_text(encoding="utf-8")))
        plain = {key: value for key, value in schema.items() if key not in _OURS}
        # patterns that take linear time; no reference to another file, and none to a network
        return Draft4Validator(plain, pattern_options=RegexOptions(), retriever=_refuse)
    except (OSError, TypeError, ValueError) as error:
        raise ConfigError(f"schemas.folder: {file}: {error}", "mend the schema, or take it out of the folder") from None


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"a reference to {uri}: only the schema itself is read")
