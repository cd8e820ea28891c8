"""URL templates learned from the paths of one app: segments of high cardinality become ``:id``, few siblings stay."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping

import msgspec

from models.segments import Shape, look

ID = ":id"
MAX_SEGMENTS = 32
"""Segments of a path that are looked at; what lies deeper is cut off and written as ``*``."""

_Group = list[tuple[list[str], int]]
"""Paths as segments, each with its visits."""


class Limits(msgspec.Struct, frozen=True):
    """When siblings (segments at one place with one extension) are ids.

    words, codes: more different ones than that become ``:id``. An opaque one always does, and where codes do, whatever
    holds a digit does. prominent: the share of the visits at its place with which a word stays a page of its own.
    """

    words: int = 30
    codes: int = 5
    prominent: float = 0.05


DEFAULT_LIMITS = Limits()


class Node(msgspec.Struct):
    """A place in the tree of templates: which segments stay there, and what else is an id there."""

    literals: dict[str, "Node"] = {}
    ids: dict[str, "Node"] = {}
    """By extension."""
    shapes: dict[str, list[Shape]] = {}
    """Extension → the shapes that are ids there."""
    ends: bool = False
    """Whether a path ended here."""

    def child(self, segment: str) -> tuple[str, "Node"]:
        """The template's segment for ``segment``, and where it leads. What was never seen stays as it is."""
        if (found := self.literals.get(segment)) is not None:
            return segment, found
        shape, extension = look(segment)
        if shape is Shape.OPAQUE or shape in self.shapes.get(extension, ()):
            return ID + extension, self.ids.get(extension, _NOWHERE)
        return segment, _NOWHERE


_NOWHERE = Node()


class Templates(msgspec.Struct, frozen=True):
    """The learned templates of one app. Encodes as JSON, so that a model can keep it."""

    root: Node

    def of(self, path: str) -> str:
        """The template of a URL path, which need not be one of those learned from: ``/product/1003`` →
        ``/product/:id``."""
        node, segments = self.root, []
        for segment in _segments(path):
            word, node = node.child(segment)
            segments.append(word)
        return "/".join(segments)

    def only(self, templates: Iterable[str]) -> "Templates":
        """These without the names of all others: ``of`` gives each of ``templates`` for the same paths as before, and
        for other paths another template than these."""
        return Templates(_only(self.root, [template.split("/") for template in templates]))

    def patterns(self) -> list[str]:
        """The templates that hold an ``:id``, sorted."""
        return sorted(path for path in _walk(self.root, []) if ID in path)

    def literals(self) -> list[str]:
        """The paths without an ``:id``, sorted."""
        return sorted(path for path in _walk(self.root, []) if ID not in path)


def learn(paths: Mapping[str, int], limits: Limits = DEFAULT_LIMITS) -> Templates:
    """Templates from paths (as ``/a/b``) and how often each was visited. Depends on nothing but these.

    Segments are looked at from left to right; the paths behind all ids of one place are looked at together.
    """
    root = Node()
    waiting: list[tuple[Node, _Group, int]] = [(root, [(_segments(path), n) for path, n in paths.items()], 0)]
    while waiting:
        node, group, depth = waiting.pop()
        node.ends = any(len(segments) == depth for segments, _ in group)
        below = [(segments, n) for segments, n in group if len(segments) > depth]
        waiting += [(child, members, depth + 1) for child, members in _split(node, below, depth, limits)]
    return Templates(root)


def _split(node: Node, group: _Group, depth: int, limits: Limits) -> list[tuple[Node, _Group]]:
    """Give ``node`` its children, each with the paths that go through it."""
    visits: dict[str, int] = defaultdict(int)
    for segments, n in group:
        visits[segments[depth]] += n
    node.shapes = _id_shapes(visits, limits)
    stays = _literals(visits, node.shapes, limits)
    members: dict[tuple[bool, str], _Group] = defaultdict(list)
    for segments, n in group:
        segment = segments[depth]
        literal = segment in stays
        members[literal, segment if literal else look(segment)[1]].append((segments, n))
    children = []
    for (literal, key), below in members.items():
        child = Node()
        (node.literals if literal else node.ids)[key] = child
        children.append((child, below))
    return children


def _id_shapes(visits: Mapping[str, int], limits: Limits) -> dict[str, list[Shape]]:
    """Extension → which shapes are ids among these siblings."""
    counts: dict[str, dict[Shape, int]] = defaultdict(lambda: dict.fromkeys(Shape, 0))
    for segment in visits:
        shape, extension = look(segment)
        counts[extension][shape] += 1
    shapes: dict[str, list[Shape]] = {}
    for extension, count in counts.items():
        found = {Shape.OPAQUE} if count[Shape.OPAQUE] else set()
        if count[Shape.CODE] > limits.codes:
            found |= {Shape.CODE, Shape.MIXED}
        if count[Shape.WORD] + count[Shape.MIXED] > limits.words:
            found |= {Shape.WORD, Shape.MIXED}
        if found:
            shapes[extension] = sorted(found)
    return shapes


def _literals(visits: Mapping[str, int], shapes: Mapping[str, list[Shape]], limits: Limits) -> set[str]:
    """Which of the siblings stay as they are: the empty one (a slash at the end) always."""
    prominent = limits.prominent * sum(visits.values())
    stays = set()
    for segment, n in visits.items():
        shape, extension = look(segment)
        ids = shapes.get(extension, ())
        is_crowd = shape is not Shape.WORD and Shape.CODE in ids
        if not segment or shape not in ids or (shape in {Shape.WORD, Shape.MIXED} and n >= prominent and not is_crowd):
            stays.add(segment)
    return stays


def _only(node: Node, wanted: list[list[str]]) -> Node:
    """``wanted``: what is left of each template from here on."""
    below: dict[str, list[list[str]]] = defaultdict(list)
    for first, *rest in filter(None, wanted):
        below[first].append(rest)
    literals = {
        segment: _only(child, below.get(segment, []))
        for segment, child in node.literals.items()
        if segment in below or _would_be_id(node, segment, below)
    }
    ids = {
        extension: _only(child, below[ID + extension])
        for extension, child in node.ids.items()
        if ID + extension in below
    }
    return Node(literals, ids, node.shapes, [] in wanted)


def _would_be_id(node: Node, segment: str, wanted: Container[str]) -> bool:
    """Whether a literal, were it not known, would be taken for an id that is wanted."""
    shape, extension = look(segment)
    return ID + extension in wanted and (shape is Shape.OPAQUE or shape in node.shapes.get(extension, ()))


def _segments(path: str) -> list[str]:
    segments = path.split("/")
    return segments if len(segments) <= MAX_SEGMENTS else [*segments[:MAX_SEGMENTS], "*"]


def _walk(node: Node, above: list[str]) -> Iterator[str]:
    if node.ends:
        yield "/".join(above)
    for segment, child in node.literals.items():
        yield from _walk(child, [*above, segment])
    for extension, child in node.ids.items():
        yield from _walk(child, [*above, ID + extension])
