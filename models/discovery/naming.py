"""A funnel's name in words, from its steps."""

from collections.abc import Sequence

from models.paths import PAGE

_EVENT = "event:"
_MOST = 100


def name_of(steps: Sequence[str]) -> str:
    """``home → category → product → Order Completed``; where two steps would read alike, their paths."""
    words = [_words(step) for step in steps]
    if len(set(words)) < len(words):
        words = [step.removeprefix(PAGE).removeprefix(_EVENT) for step in steps]
    name = " → ".join(words)
    return name if len(name) <= _MOST else f"{words[0]} → … {len(words) - 2} steps … → {words[-1]}"


def _words(step: str) -> str:
    if not step.startswith(PAGE):
        return step.removeprefix(_EVENT)
    segments = [segment for segment in step.removeprefix(PAGE).split("/") if segment and not segment.startswith(":")]
    return " ".join(segments).replace("-", " ").replace("_", " ") or ("home" if step == f"{PAGE}/" else step)
