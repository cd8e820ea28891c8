"""All that the rules do to one value that may have values inside: an entry of ``properties``, the ``contexts``."""

from collections.abc import Callable, Sequence

import msgspec

from streams.anonymize.action import FAILURES, TextAction, chain, check_readable, joined, joint_hint
from streams.anonymize.look import anything
from streams.anonymize.paths import Path
from streams.anonymize.tree import (
    GONE,
    Node,
    Tally,
    UnreadableError,
    apply_at,
    closed,
    dump,
    each_text,
    keep_at,
    looks_nested,
    open_at,
    parse,
)
from streams.memo import remember


class Drop(msgspec.Struct, frozen=True):
    """Remove the value."""


class Keep(msgspec.Struct, frozen=True):
    """Remove all but what the paths lead to."""

    paths: tuple[Path, ...]


Operation = TextAction | Drop | Keep
Step = tuple[Path, Operation]
"""Where in the value, and what is done there."""
ValueFunction = Callable[[str], tuple[str, int]]
"""From a text to (text as it may be kept, how many values had to be removed because they cannot be masked)."""

TreeFunction = Callable[[Node, Tally], Node]
UNREADABLE = ("", 1)
_PIECES, _LONGEST_PIECE = 4_000, 64
"""Names and short values within values come again, whatever stands beside them."""


def make_value(steps: Sequence[Step], base64: Sequence[Path] = (), longest: int = 0) -> ValueFunction:
    """The steps one after another. ``base64`` are the paths, within the value, of what is decoded first.

    Of texts up to ``longest`` characters that must be walked through, some answers are remembered. Most texts need no
    more than a look, which costs less than a place in memory does. Where a path leads into a text that is not enough:
    one that cannot be read has to go, whatever could be found in it.
    """
    if not steps and not base64:
        return lambda text: (text, 0)
    steps = _fused(steps)
    actions = [step for _, step in steps if isinstance(step, TextAction)]
    may_act = (joint_hint(actions) if len(actions) == len(steps) and not base64 else None) or anything
    run_steps = _make_steps(steps)
    is_deep = bool(base64) or any(path for path, _ in steps)
    plain = chain(actions)

    def walk(text: str) -> tuple[str, int]:
        try:
            if not is_deep and not looks_nested(text) and len(actions) == len(steps):
                kept = plain(text)
                return kept, 0 if kept else 1
            return _through(text, is_deep, base64, run_steps)
        except FAILURES:
            return UNREADABLE

    walked = remember(walk, longest=longest) if longest else walk

    def run(text: str) -> tuple[str, int]:
        if not text:
            return "", 0
        try:
            if not text.isascii():
                check_readable(text)
            if not (is_deep and looks_nested(text)) and not may_act(text):
                return text, 0
        except FAILURES:
            return UNREADABLE
        return walked(text)

    return run


def _fused(steps: Sequence[Step]) -> list[Step]:
    """Actions that follow each other at one place as one, so that what is inside is walked through once."""
    fused: list[Step] = []
    for path, step in steps:
        last = fused[-1] if fused else None
        if (
            isinstance(step, TextAction)
            and last is not None
            and last[0] == path
            and isinstance(last[1], TextAction)
            and last[1].on_names == step.on_names
        ):
            fused[-1] = (path, joined(last[1], step))
        else:
            fused.append((path, step))
    return fused


def _through(text: str, is_deep: bool, base64: Sequence[Path], run_steps: TreeFunction) -> tuple[str, int]:
    tally = Tally()
    node: Node = text
    for path in base64:
        node = node if node is GONE else open_at(node, path, tally)
    if isinstance(node, str) and looks_nested(node):
        try:
            node = parse(node)
        except UnreadableError:
            if is_deep:
                return UNREADABLE
    if node is not GONE:
        node = run_steps(node, tally)
    return ("" if node is GONE else dump(closed(node) if base64 else node)), tally.removed


def _make_steps(steps: Sequence[Step]) -> TreeFunction:
    functions = [_at(path, _make_act(operation)) for path, operation in steps]

    def run(node: Node, tally: Tally) -> Node:
        for function in functions:
            if node is GONE:
                return GONE
            node = function(node, tally)
        return node

    return run


def _at(path: Path, act: TreeFunction) -> TreeFunction:
    if not path:
        return act
    return lambda node, tally: apply_at(node, path, lambda inner: act(inner, tally), tally)


def _make_act(operation: Operation) -> TreeFunction:
    if isinstance(operation, Drop):
        return lambda _node, _tally: GONE
    if isinstance(operation, Keep):
        return lambda node, _tally: keep_at(node, operation.paths)
    function = remember(chain([operation]), _PIECES, _LONGEST_PIECE)
    return lambda node, tally: each_text(node, function, operation.on_names, tally)
