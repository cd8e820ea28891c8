"""Values with values inside, as JSON has them: find what a path names, and rewrite it."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from streams.anonymize.action import TextFunction
from streams.anonymize.paths import Path, below

Node = Any
"""What JSON decodes to, or Decoded."""


may_be_written_anew = re.compile(r"[\[,:\s]-?[0-9]+[.eE][0-9.eE+-]*+[\s,\]}]").search
"""Whether JSON in a text may hold a number that shows other digits once it is read and written: one that is not whole.

Source: RFC 8259 §6.
"""


class _Gone:
    """Stands for a value that is there no more."""


GONE = _Gone()
ROOT: list[Path] = [()]
Act = Callable[[Node], Node]


class UnreadableError(ValueError):
    """A value looks as if it had values inside, and cannot be read."""


class Decoded(msgspec.Struct):
    """What a text says that is base64 or JSON, while the rules look at it."""

    inner: Node
    write: TextFunction
    """From what ``inner`` is as text to the text it is within; base64 in the alphabet it came in."""


class Tally(msgspec.Struct):
    """How many values could not be masked and so were removed."""

    removed: int = 0


def looks_nested(text: str) -> bool:
    """Whether a text may be JSON of an object or a list."""
    return text[:1] in ("{", "[") or text.lstrip()[:1] in ("{", "[")


def parse(text: str) -> Node:
    """The value of a JSON text. Raises UnreadableError."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise UnreadableError from None


def dump(node: Node) -> str:
    """Compact JSON of a node, a text as it is. Raises UnicodeError for text that is no Unicode."""
    return node if isinstance(node, str) else msgspec.json.encode(node).decode()


def text_of(node: Node) -> str:
    """A value that has none inside, as text."""
    return node if isinstance(node, str) else msgspec.json.encode(node).decode()


def apply_at(node: Node, path: Path, act: Act, tally: Tally) -> Node:
    """``node`` with ``act`` applied to everything ``path`` leads to; GONE where nothing is left."""
    if not path:
        return act(node)
    if isinstance(node, Decoded):
        inner = apply_at(node.inner, path, act, tally)
        return GONE if inner is GONE else Decoded(inner, node.write)
    if isinstance(node, str) and looks_nested(node):
        try:
            inner = apply_at(parse(node), path, act, tally)
        except UnreadableError:
            tally.removed += 1
            return GONE
        return GONE if inner is GONE else dump(closed(inner))
    return _children(node, lambda name, child: _apply_below(child, below(path, name, child), act, tally))


def _apply_below(child: Node, rests: Sequence[Path], act: Act, tally: Tally) -> Node:
    for rest in rests:
        if child is not GONE:
            child = apply_at(child, rest, act, tally)
    return child


def _children(node: Node, change: Callable[[str, Node], Node]) -> Node:
    """The node with its children changed. What is gone from a list leaves a null, so that places stay."""
    if isinstance(node, dict):
        pairs = [(name, change(name, child)) for name, child in node.items()]
        return {name: child for name, child in pairs if child is not GONE}
    if isinstance(node, list):
        changed = [change(str(place), child) for place, child in enumerate(node)]
        return [None if child is GONE else child for child in changed]
    return node


def each_text(node: Node, function: TextFunction, on_names: bool, tally: Tally) -> Node:
    """``node`` with ``function`` applied to every text, number and truth value in it; with ``on_names`` to names too.

    With ``on_names`` it also goes into texts that are JSON.
    """
    if isinstance(node, dict):
        named = _renamed(node, function, tally) if on_names else node
        changed = {name: each_text(child, function, on_names, tally) for name, child in named.items()}
        return {name: child for name, child in changed.items() if child is not GONE}
    if isinstance(node, list):
        changed_list = [each_text(child, function, on_names, tally) for child in node]
        return [None if child is GONE else child for child in changed_list]
    if isinstance(node, Decoded):
        inner = each_text(node.inner, function, on_names, tally)
        return GONE if inner is GONE else Decoded(inner, node.write)
    if node is None or node == "":
        return node
    if on_names and isinstance(node, str) and looks_nested(node):
        try:
            return dump(each_text(parse(node), function, on_names, tally))
        except UnreadableError:
            pass
    return _changed(node, function, tally)


def _changed(node: Node, function: TextFunction, tally: Tally) -> Node:
    text = text_of(node)
    changed = function(text)
    if not changed:
        tally.removed += 1
        return GONE
    return node if changed == text else changed


def _renamed(node: dict[str, Node], function: TextFunction, tally: Tally) -> dict[str, Node]:
    if all(not name or function(name) == name for name in node):
        return node
    pairs = [(function(name) if name else name, name, child) for name, child in node.items()]
    tally.removed += sum(not new and bool(old) for new, old, _ in pairs)
    return {new: child for new, old, child in pairs if new or not old}


def keep_at(node: Node, paths: Sequence[Path]) -> Node:
    """``node`` with nothing but what the paths lead to; GONE where they lead nowhere. Raises UnreadableError."""
    if () in paths:
        return node
    if isinstance(node, Decoded):
        inner = keep_at(node.inner, paths)
        return GONE if inner is GONE else Decoded(inner, node.write)
    if isinstance(node, str) and looks_nested(node):
        inner = keep_at(parse(node), paths)
        return GONE if inner is GONE else dump(closed(inner))
    if not isinstance(node, dict | list):
        return GONE
    return _children(
        node, lambda name, child: _kept_below(child, [r for path in paths for r in below(path, name, child)])
    )


def _kept_below(child: Node, rests: Sequence[Path]) -> Node:
    return keep_at(child, rests) if rests else GONE


def values_at(node: Node, path: Path) -> list[str]:
    """The texts that ``path`` leads to; of what has values inside, its JSON. Nothing where it cannot be read."""
    if not path:
        return [] if node is None else [dump(closed(node))]
    if isinstance(node, str) and looks_nested(node):
        try:
            node = parse(node)
        except UnreadableError:
            return []
    found: list[str] = []
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        for rest in below(path, str(name), child):
            found += values_at(child, rest)
    return found


def open_at(node: Node, path: Path, tally: Tally) -> Node:
    """``node`` with the base64 texts that ``path`` leads to opened, and JSON texts on the way, so that they stay open.

    What cannot be opened is gone, and counted.
    """
    if isinstance(node, Decoded):
        if not path:
            return node  # two paths lead here
        inner = open_at(node.inner, path, tally)
        return GONE if inner is GONE else Decoded(inner, node.write)
    try:
        if not path:
            return opened(node)
        if isinstance(node, str) and looks_nested(node):
            inner = open_at(parse(node), path, tally)
            return GONE if inner is GONE else Decoded(inner, str)
    except UnreadableError:
        tally.removed += 1
        return GONE

    def below_it(name: str, child: Node) -> Node:
        for rest in below(path, name, child):
            child = child if child is GONE else open_at(child, rest, tally)
        return child

    return _children(node, below_it)


def opened(node: Node) -> Node:
    """What a base64 text says. Raises UnreadableError where it is none, or says no UTF-8 text."""
    if not isinstance(node, str):
        raise UnreadableError
    url_safe, padded = "-" in node or "_" in node, len(node) % 4 == 0
    plain = node.rstrip("=")
    try:
        raw = base64.b64decode(
            plain + "=" * (-len(plain) % 4), altchars=b"-_" if url_safe else None, validate=True
        ).decode()
    except (binascii.Error, ValueError):
        raise UnreadableError from None
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode

    def write(text: str) -> str:
        packed = encode(text.encode()).decode()
        return packed if padded else packed.rstrip("=")

    return Decoded(raw, write)


def closed(node: Node) -> Node:
    """The node with what was opened written back."""
    if isinstance(node, Decoded):
        return node.write(dump(closed(node.inner)))
    return _children(node, lambda _, child: closed(child))
