"""Which steps of a store a funnel's step means.

The first of these that finds any: the step as it is after the learned templates (``page:/product/:id``); as it is in
the table (``page:/product/1003``); a pattern, where ``:word`` is any one segment of a path and ``*`` anything.
"""

import difflib
import re

import numpy as np
from numpy.typing import NDArray

_PARTS = re.compile(r"(?<=/):[A-Za-z_]\w*|\*")
_CLOSE = 3


def match_steps(wanted: str, raw: list[str], templated: list[str]) -> NDArray[np.bool_]:
    """(vocabulary,) which of the raw steps are meant; ``templated``: the same steps with their templates."""
    for vocabulary in (templated, raw):
        mask = np.fromiter((step == wanted for step in vocabulary), dtype=np.bool_, count=len(vocabulary))
        if mask.any():
            return mask
    if not _PARTS.search(wanted):
        return np.zeros(len(raw), dtype=np.bool_)
    pattern = re.compile(regex_of(wanted))
    return np.fromiter((bool(pattern.fullmatch(step)) for step in raw), dtype=np.bool_, count=len(raw))


def regex_of(wanted: str) -> str:
    """A pattern as a regular expression that RE2 (ClickHouse's ``match``) and Python read alike, without anchors."""
    text, end = "", 0
    for part in _PARTS.finditer(wanted):
        text += re.escape(wanted[end : part.start()]) + (".*" if part[0] == "*" else "[^/]+")
        end = part.end()
    return text + re.escape(wanted[end:])


def closest(wanted: str, steps: list[str]) -> list[str]:
    """Steps a person may have meant, the best first."""
    return difflib.get_close_matches(wanted, sorted(set(steps)), n=_CLOSE, cutoff=0.5)
