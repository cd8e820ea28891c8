"""Sessions in words as Paths."""

from collections.abc import Sequence

import numpy as np

from models.paths import Paths
from tests.models.discovery.planted import Planted


def as_paths(sessions: Sequence[Sequence[str]], visitors: Sequence[int] | None = None) -> Paths:
    """In order of visitor; without ``visitors`` each session has its own."""
    whose = list(range(len(sessions))) if visitors is None else list(visitors)
    order = sorted(range(len(sessions)), key=lambda session: (whose[session], session))
    vocabulary = sorted({step for steps in sessions for step in steps})
    code_of = {step: code for code, step in enumerate(vocabulary)}
    codes = [code_of[step] for session in order for step in sessions[session]]
    ids = sorted(set(whose))
    number_of = {visitor: number for number, visitor in enumerate(ids)}
    return Paths(
        vocabulary=vocabulary,
        codes=np.array(codes, dtype=np.int32),
        starts=np.cumsum([0, *(len(sessions[session]) for session in order)], dtype=np.int64),
        offsets_ms=np.zeros(len(codes), dtype=np.uint32),
        session_ids=np.array([[0, session] for session in order], dtype=np.uint64).reshape(-1, 2),
        visitors=np.array([number_of[whose[session]] for session in order], dtype=np.int64),
        visitor_ids=np.array([[0, visitor] for visitor in ids], dtype=np.uint64).reshape(-1, 2),
        started_ms=np.array(order, dtype=np.int64),
    )


def paths_of(made: Planted) -> Paths:
    """Of a planted site."""
    return as_paths(made.sessions, made.visitors)
