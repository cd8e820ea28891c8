"""Key trees as the text of a key file, and back; no error quotes a key."""

import json
import re
from collections.abc import Mapping
from typing import Any

from streams.errors import ConfigError
from streams.keyring.tree import DEPTH, SECRET_BYTES, KeyTree, Node

VERSION = 1
KEY_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NODE = re.compile(r"(\d{1,2})/(\d{1,5})")
_SECRET = re.compile(rf"[0-9a-f]{{{2 * SECRET_BYTES}}}")
_MEND = "put back a copy of the file as `thalweg rules keys` wrote it"


def write_keys(trees: Mapping[str, KeyTree]) -> str:
    """The text of a key file."""
    keys = {
        key_id: {
            "rotation": tree.rotation,
            "nodes": {f"{depth}/{place}": secret.hex() for (depth, place), secret in sorted(tree.nodes.items())},
        }
        for key_id, tree in sorted(trees.items())
    }
    return json.dumps({"version": VERSION, "keys": keys}, indent=1) + "\n"


def read_keys(text: str, source: str) -> dict[str, KeyTree]:
    """The trees of a key file's text. Raises ConfigError, which names ``source``, where it is none."""
    try:
        data = json.loads(text)
    except ValueError:
        raise ConfigError(f"{source}: is not a key file: no JSON", _MEND) from None
    if not isinstance(data, dict) or data.get("version") != VERSION or not isinstance(data.get("keys"), dict):
        raise ConfigError(f"{source}: is not a key file of version {VERSION}", _MEND)
    return {_key_id(key_id, source): _tree(key_id, entry, source) for key_id, entry in data["keys"].items()}


def _key_id(key_id: str, source: str) -> str:
    if not KEY_ID.fullmatch(key_id):
        raise ConfigError(f"{source}: a key has no readable id", "use lower-case letters, digits, _ and -")
    return key_id


def _tree(key_id: str, entry: Any, source: str) -> KeyTree:
    rotation, nodes = (entry.get("rotation"), entry.get("nodes")) if isinstance(entry, dict) else (None, None)
    if rotation not in DEPTH or not isinstance(nodes, dict):
        raise ConfigError(f"{source}: key {key_id}: needs a rotation of {', '.join(DEPTH)}, and nodes", _MEND)
    read = [_node(name, secret, DEPTH[rotation]) for name, secret in nodes.items()]
    if None in read:
        raise ConfigError(f"{source}: key {key_id}: a node cannot be read", _MEND)
    return KeyTree(rotation, dict(node for node in read if node is not None))


def _node(name: str, secret: Any, depth: int) -> tuple[Node, bytes] | None:
    match = _NODE.fullmatch(name)
    if match is None or not isinstance(secret, str) or not _SECRET.fullmatch(secret):
        return None
    level, place = int(match[1]), int(match[2])
    return ((level, place), bytes.fromhex(secret)) if level <= depth and place < 1 << level else None
