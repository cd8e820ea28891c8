"""Paths to values within an event: ``page_title``, ``properties.address.*``, ``contexts."iglu:com.acme/*".data``."""

import re
from collections.abc import Callable, Mapping
from fnmatch import translate
from functools import lru_cache

ANY_DEPTH = "**"
_STEP = re.compile(r'"([^"]+)"|([^".\s]+)')
_STEPS = re.compile(rf"(?:{_STEP.pattern})(?:\.(?:{_STEP.pattern}))*")
_GLOB = frozenset("*?[")

Path = tuple[str, ...]
"""The root (a column) and the steps below it."""


def parse_path(text: str) -> Path:
    """The steps of a path. A step in double quotes may hold dots. Raises ValueError for text that is no path."""
    if _STEPS.fullmatch(text) is None:
        raise ValueError('is no path: write steps with dots between, those with dots inside in "double quotes"')
    return tuple(quoted or plain for quoted, plain in _STEP.findall(text))


def is_glob(step: str) -> bool:
    """Whether a step stands for several names."""
    return not _GLOB.isdisjoint(step)


@lru_cache(maxsize=4096)
def name_test(step: str) -> Callable[[str], bool]:
    """Whether a name fits a step: ``*`` any characters, ``?`` one, ``[ab]`` one of these; case counts."""
    if step == "*":
        return lambda _name: True
    if not is_glob(step):
        return lambda name: name == step
    fits = re.compile(translate(step)).match
    return lambda name: fits(name) is not None


def step_fits(step: str, name: str, node: object) -> bool:
    """Whether a step leads to the child ``node`` called ``name`` (of a list: its number).

    A self-describing value (``{"schema": "iglu:…", "data": …}``) also goes by its schema.
    """
    fits = name_test(step)
    if fits(name):
        return True
    if step.startswith("iglu:") and isinstance(node, Mapping):
        schema = node.get("schema")
        return isinstance(schema, str) and fits(schema)
    return False


def below(path: Path, name: str, node: object) -> list[Path]:
    """What is left of ``path`` for the child called ``name``: no, one or (with ``**``) two ways to go on."""
    if not path:
        return []
    if path[0] == ANY_DEPTH:
        return [path, *([path[1:]] if len(path) == 1 else below(path[1:], name, node))]
    return [path[1:]] if step_fits(path[0], name, node) else []


def rests_below(path: Path, name: str) -> list[Path]:
    """What is left of a path for one entry of a map of texts; an empty path is for each of them, whole."""
    return below(path, name, None) if path else [()]
