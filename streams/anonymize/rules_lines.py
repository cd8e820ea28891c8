"""Where in a YAML text each key stands, so that an error can name its line."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]


class Lines:
    """Line numbers (from 1) of a YAML text's keys and values, and the keys that stand twice."""

    def __init__(self, root: yaml.Node | None) -> None:
        self._lines: dict[KeyPath, int] = {}
        self.twice: list[tuple[KeyPath, int]] = []
        if root is not None:
            self._read(root, ())

    def of(self, path: Sequence[Any]) -> int:
        """The line of a key, else of the nearest key around it."""
        for length in range(len(path), -1, -1):
            line = self._lines.get(tuple(path[:length]))
            if line is not None:
                return line
        return 1

    def _read(self, node: yaml.Node, path: KeyPath) -> None:
        self._lines.setdefault(path, node.start_mark.line + 1)
        for key, line, child in _children(node):
            inner = (*path, key)
            if inner in self._lines:
                self.twice.append((inner, line))
            self._lines[inner] = line
            self._read(child, inner)


def _children(node: yaml.Node) -> Iterator[tuple[str | int, int, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield number, value.start_mark.line + 1, value


def compose(text: str) -> tuple[Any, Lines]:
    """The data of a YAML text and its lines. Raises yaml.YAMLError; aliases are refused: they can grow without end."""
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AliasToken):
            raise yaml.MarkedYAMLError(problem="aliases are not allowed here", problem_mark=token.start_mark)
    return yaml.safe_load(text), Lines(yaml.compose(text, Loader=yaml.SafeLoader))
