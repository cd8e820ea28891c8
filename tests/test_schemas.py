"""JSON schemas from a folder in Iglu's layout."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from streams.errors import ConfigError
from streams.outcome import Dead, Reason
from streams.parse.options import accept
from streams.schemas import open_check

URI = "iglu:com.acme/cart/jsonschema/1-0-0"
SCHEMA = {
    "$schema": "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
    "self": {"vendor": "com.acme", "name": "cart", "format": "jsonschema", "version": "1-0-0"},
    "type": "object",
    "properties": {"items": {"type": "integer", "minimum": 1}, "code": {"type": "string", "pattern": "^[A-Z]+$"}},
    "required": ["items"],
    "additionalProperties": False,
}


def folder(place: Path, schema: Any = SCHEMA, name: str = "com.acme/cart/jsonschema/1-0-0") -> Path:
    file = place / "schemas" / name
    file.parent.mkdir(parents=True)
    file.write_text(schema if isinstance(schema, str) else json.dumps(schema))
    return place


@pytest.mark.parametrize(
    ("data", "good"),
    [
        ({"items": 3}, True),
        ({"items": 0}, False),
        ({}, False),
        ({"items": 1, "x": 1}, False),
        ([], False),
        (None, False),
    ],
)
def test_values_are_checked_by_draft_4(tmp_path: Path, data: object, good: bool) -> None:
    """Iglu's own words in the schema do no harm; the detail says where it is wrong."""
    dead = open_check(folder(tmp_path), "accept")(URI, data)

    assert (dead is None) is good
    if dead is not None:
        assert dead.reason is Reason.SCHEMA_INVALID
        assert dead.detail.startswith(URI)


@pytest.mark.parametrize("place", ["", "schemas"])
def test_unknown_schemas(tmp_path: Path, place: str) -> None:
    """The policy decides; another version is another schema. The folder may be the one above or schemas itself."""
    root = folder(tmp_path) / place

    assert open_check(root, "accept")("iglu:com.acme/cart/jsonschema/1-0-1", {}) is None
    dead = open_check(root, "dead")("iglu:com.acme/cart/jsonschema/1-0-1", {})
    assert dead == Dead(Reason.SCHEMA_UNKNOWN, "iglu:com.acme/cart/jsonschema/1-0-1")
    assert open_check(root, "dead")(URI, {"items": 1}) is None


def test_without_a_folder_everything_passes() -> None:
    """No schemas, no check."""
    assert open_check(None, "accept") is accept


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("{", "com.acme/cart/jsonschema/1-0-0"),
        ("[1]", "1-0-0"),
        ({"type": "nonsense"}, "nonsense"),
        ({"$ref": "http://127.0.0.1:1/x"}, "127.0.0.1"),
        ({"$ref": "file:///etc/hostname"}, "file:///etc/hostname"),
        ({"type": "string", "pattern": "(?=a)(a+)+\\1$"}, "1-0-0"),
    ],
)
def test_a_bad_schema_stops_the_start(tmp_path: Path, schema: Any, words: str) -> None:
    """No JSON, no schema, a reference to elsewhere, a pattern that could take for ever: the file is named."""
    with pytest.raises(ConfigError) as error:
        open_check(folder(tmp_path, schema), "accept")

    assert words in str(error.value)
    assert "mend:" in str(error.value)


def test_an_empty_folder_stops_the_start(tmp_path: Path) -> None:
    """A path that is wrong is not taken for "no schemas"."""
    with pytest.raises(ConfigError, match="holds no schema"):
        open_check(tmp_path, "accept")


def test_no_reference_is_fetched(tmp_path: Path) -> None:
    """Not even one that a server would answer."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"type": "object"}')

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(ConfigError):
                open_check(folder(tmp_path, {"$ref": f"http://127.0.0.1:{server.server_port}/x"}), "accept")
        finally:
            server.shutdown()
            thread.join()

    assert asked == []
