"""Patterns in words and numbers: what their sessions do, how many there are, where they end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from models.discovery.naming import name_of
from models.discovery.sample import Ints
from models.paths import Paths
from models.patterns.features import LEAST_SESSIONS, presence
from models.patterns.model import Assigned, PatternModel

TYPICAL = 5
LEAST_SHARE = 0.05
LEAST_LIFT = 1.2
"""What makes a step typical: enough of the pattern's sessions hold it, more often than all sessions do."""
Kind = Literal["funnel", "cluster", "other"]


class TypicalStep(msgspec.Struct, frozen=True):
    """share: of the pattern's sessions that take it. lift: share over that of all sessions."""

    step: str
    share: float
    lift: float


class PatternTold(msgspec.Struct, frozen=True, kw_only=True):
    """One pattern. Shares are between 0 and 1, of its own sessions but ``share``, which is of all. steps: of its funnel
    in order, or typical ones, the most typical first. conversion: who walk its funnel to the end."""

    id: UUID
    kind: Kind
    name: str
    steps: list[TypicalStep]
    sessions: int
    visitors: int
    share: float
    conversion: float | None
    drop_off_step: str
    drop_off: float


def tell_patterns(paths: Paths, model: PatternModel, assigned: Assigned) -> list[PatternTold]:
    """Every pattern of the model, those of no session too, in the model's order. Sessions without a step count as
    none."""
    held, counted = presence(paths, paths.vocabulary), np.diff(paths.starts) > 0
    everyone = _Everyone(held, counted, _shares(held, counted))
    told = [_told(paths, model, assigned, place, everyone) for place in range(len(model.patterns))]
    return _apart(told)


@dataclass(frozen=True, slots=True)
class _Everyone:
    """held: (sessions, vocabulary). counted: (sessions,) with a step. shares: (vocabulary,) of these that hold each."""

    held: csr_array
    counted: NDArray[np.bool_]
    shares: list[float]


def _told(paths: Paths, model: PatternModel, assigned: Assigned, place: int, everyone: _Everyone) -> PatternTold:
    members = everyone.counted & (assigned.patterns == place)
    n = int(members.sum())
    kind: Kind = "funnel" if place < len(model.funnels) else "other" if place == len(model.patterns) - 1 else "cluster"
    walked = assigned.walked[members]
    chain = model.funnels[place][1] if kind == "funnel" else ()
    steps = _walk(paths, chain, walked, everyone) if chain else _typical(paths, members, everyone)
    last, ends = _last(paths, members)
    return PatternTold(
        id=model.patterns[place],
        kind=kind,
        name=_name(kind, chain, steps, has_clusters=bool(model.clusters), has_funnels=bool(model.funnels)),
        steps=steps,
        sessions=n,
        visitors=len(np.unique(paths.visitors[members])),
        share=n / max(int(everyone.counted.sum()), 1),
        conversion=float((walked == len(chain)).mean()) if chain and n else None,
        drop_off_step=last,
        drop_off=ends / max(n, 1),
    )


def _shares(held: csr_array, members: NDArray[np.bool_]) -> list[float]:
    """(vocabulary,) of the members that hold each step."""
    theirs = held[np.flatnonzero(members)]
    shares: list[float] = (np.asarray(theirs.sum(axis=0), dtype=np.float64) / max(theirs.shape[0], 1)).tolist()
    return shares


def _walk(paths: Paths, chain: Sequence[str], walked: Ints, everyone: _Everyone) -> list[TypicalStep]:
    base = dict(zip(paths.vocabulary, everyone.shares, strict=True))
    shares = [float((walked > place).mean()) if len(walked) else 0.0 for place in range(len(chain))]
    return [
        TypicalStep(step, share, share / base[step] if base.get(step) else 0.0)
        for step, share in zip(chain, shares, strict=True)
    ]


def _typical(paths: Paths, members: NDArray[np.bool_], everyone: _Everyone) -> list[TypicalStep]:
    steps = [
        TypicalStep(step, share, share / base)
        for step, share, base in zip(paths.vocabulary, _shares(everyone.held, members), everyone.shares, strict=True)
        if share >= LEAST_SHARE and share * members.sum() >= LEAST_SESSIONS
    ]
    more = [one for one in steps if one.lift >= LEAST_LIFT]
    return sorted(more, key=lambda one: (one.share / one.lift - one.share, one.step))[:TYPICAL]


def _last(paths: Paths, members: NDArray[np.bool_]) -> tuple[str, int]:
    """The step at which most of the sessions end, and how many do; "" where fewer do than may be named."""
    ends = paths.codes[paths.starts[1:][members] - 1]
    counts = np.bincount(ends, minlength=len(paths.vocabulary))
    most = int(counts.max(initial=0))
    return (paths.vocabulary[int(counts.argmax())], most) if most >= LEAST_SESSIONS else ("", 0)


def _name(
    kind: Kind, chain: Sequence[str], steps: Sequence[TypicalStep], *, has_clusters: bool, has_funnels: bool
) -> str:
    if kind == "funnel":
        return name_of(chain)
    if kind == "cluster":
        return " · ".join(name_of([one.step]) for one in steps[:3]) or "no step of its own"
    return "all other sessions" if has_clusters or has_funnels else "all sessions"


def _apart(told: list[PatternTold]) -> list[PatternTold]:
    """A number after a name that was given before."""
    seen: dict[str, int] = {}
    apart = []
    for one in told:
        seen[one.name] = seen.get(one.name, 0) + 1
        name = one.name if seen[one.name] == 1 else f"{one.name} ({seen[one.name]})"
        apart.append(msgspec.structs.replace(one, name=name))
    return apart
