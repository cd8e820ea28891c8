"""A key for every period out of one random root, any of which can be forgotten without the others.

A binary tree: the root is random, a child is a keyed hash of its parent, the leaves are the periods' keys. What is kept
is the least set of nodes from which the keys that live can be derived. To forget a period is to put its siblings on the
way up in place of the node above it: nothing that is left leads to it. So workers that share the nodes agree on every
key of every period, ahead and back, without a word to each other.
Source: RFC 9420 §9 (secret tree, and what to delete of it); Goldreich, Goldwasser, Micali, "How to construct random
functions", J. ACM 33 (1986).
"""

import hmac
from collections.abc import Iterator
from typing import Literal

import msgspec

Rotation = Literal["none", "daily", "monthly"]
DEPTH: dict[str, int] = {"none": 0, "daily": 16, "monthly": 12}
"""Levels below the root: days until 2149, months until 2311."""
LAST: dict[str, int] = {rotation: (1 << depth) - 1 for rotation, depth in DEPTH.items()}
"""The last period of each rotation."""
SECRET_BYTES = 32

Node = tuple[int, int]
"""(Depth, place at that depth): node (d, i) is above the periods i << (DEPTH - d) and on."""


class KeyTree(msgspec.Struct, frozen=True):
    """The keys of one key id. The repr shows none."""

    rotation: Rotation
    nodes: dict[Node, bytes]

    def __repr__(self) -> str:
        return f"KeyTree({self.rotation}, {len(self.nodes)} nodes)"


def grow(rotation: Rotation, root: bytes) -> KeyTree:
    """All keys of a root. Raises ValueError where the root is too short to be random."""
    if len(root) < SECRET_BYTES:
        raise ValueError(f"a root has {SECRET_BYTES} bytes")
    return KeyTree(rotation, {(0, 0): root})


def key_of(tree: KeyTree, period: int) -> bytes | None:
    """The 32 bytes of a period's key; None where it is forgotten."""
    depth = DEPTH[tree.rotation]
    for level in range(depth, -1, -1):
        secret = tree.nodes.get((level, period >> (depth - level)))
        if secret is not None:
            for below in range(depth - level - 1, -1, -1):
                secret = _child(secret, period >> below & 1)
            return hmac.digest(secret, b"key", "sha256")
    return None


def forget(tree: KeyTree, first: int, last: int) -> KeyTree:
    """The tree without the keys of the periods ``first`` to ``last``, both included; the others stay as they are."""
    kept = {
        node: secret
        for above, given in tree.nodes.items()
        for node, secret in _without(above, given, first, last, DEPTH[tree.rotation])
    }
    return KeyTree(tree.rotation, kept)


def renew(tree: KeyTree, first: int, root: bytes) -> KeyTree:
    """The tree with keys of a new root from period ``first`` on: who knows the old nodes knows none of these."""
    before = forget(tree, first, LAST[tree.rotation])
    after = grow(tree.rotation, root)
    if first:
        after = forget(after, 0, first - 1)
    return KeyTree(tree.rotation, before.nodes | after.nodes)


def forgotten(tree: KeyTree) -> list[tuple[int, int]]:
    """The ranges of periods without a key, in order."""
    depth = DEPTH[tree.rotation]
    gaps: list[tuple[int, int]] = []
    free = 0
    for first, last in sorted(_span(node, depth) for node in tree.nodes):
        if first > free:
            gaps.append((free, first - 1))
        free = last + 1
    if free <= LAST[tree.rotation]:
        gaps.append((free, LAST[tree.rotation]))
    return gaps


def _without(node: Node, secret: bytes, first: int, last: int, depth: int) -> Iterator[tuple[Node, bytes]]:
    start, end = _span(node, depth)
    if end < first or start > last:
        yield node, secret
    elif start < first or end > last:
        level, place = node
        for side in (0, 1):
            yield from _without((level + 1, place * 2 + side), _child(secret, side), first, last, depth)


def _span(node: Node, depth: int) -> tuple[int, int]:
    level, place = node
    width = depth - level
    return place << width, ((place + 1) << width) - 1


def _child(secret: bytes, side: int) -> bytes:
    return hmac.digest(secret, b"right" if side else b"left", "sha256")
