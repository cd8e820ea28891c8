"""Sessions as step sequences with learned URL templates: the arrays that funnels and discovery read."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from clickhouse_driver import Client
from numpy.typing import NDArray
from scipy.sparse import csr_array

from models.reading import RawSteps, read_steps
from models.selection import Selection
from models.templates import DEFAULT_LIMITS, Limits, Templates, learn

PAGE = "page:"


@dataclass(frozen=True, slots=True)
class Paths:
    """Step sequences of sessions, in order of visitor number, start and session id.

    vocabulary: step code → step, e.g. ``page:/product/:id``, sorted.
    codes: (steps,) step codes, the sessions one after another.
    starts: (sessions + 1,) session i is ``codes[starts[i]:starts[i + 1]]``.
    offsets_ms: (steps,) milliseconds since the session's start, not falling within a session.
    session_ids: (sessions, 2) the UUID's halves, the higher first.
    visitors: (sessions,) dense visitor numbers; a visitor's sessions lie together.
    visitor_ids: (visitors, 2) the UUID's halves by visitor number, rising.
    started_ms: (sessions,) start, milliseconds since the epoch, UTC.
    """

    vocabulary: list[str]
    codes: NDArray[np.int32]
    starts: NDArray[np.int64]
    offsets_ms: NDArray[np.uint32]
    session_ids: NDArray[np.uint64]
    visitors: NDArray[np.int64]
    visitor_ids: NDArray[np.uint64]
    started_ms: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def steps(self, session: int) -> list[str]:
        """The steps of one session, in words."""
        return [self.vocabulary[code] for code in self.codes[self.starts[session] : self.starts[session + 1]]]

    def session_id(self, session: int) -> UUID:
        """As it stands in the tables."""
        high, low = map(int, self.session_ids[session])
        return UUID(int=high << 64 | low)

    def counts(self) -> csr_array:
        """(sessions, vocabulary) how often each step occurs in each session, int32."""
        ones = np.ones(len(self.codes), dtype=np.int32)
        matrix = csr_array((ones, self.codes, self.starts), shape=(len(self), len(self.vocabulary)), copy=True)
        matrix.sum_duplicates()
        return matrix

    def folded(self) -> "Paths":
        """The same paths with each run of one step in a session written once, at its first time."""
        keeps = np.ones(len(self.codes), dtype=np.bool_)
        keeps[1:] = self.codes[1:] != self.codes[:-1]
        keeps[self.starts[:-1][np.diff(self.starts) > 0]] = True
        kept_before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(keeps)])
        return Paths(
            vocabulary=self.vocabulary,
            codes=self.codes[keeps],
            starts=kept_before[self.starts],
            offsets_ms=self.offsets_ms[keeps],
            session_ids=self.session_ids,
            visitors=self.visitors,
            visitor_ids=self.visitor_ids,
            started_ms=self.started_ms,
        )


def read_paths(
    client: Client,
    database: str,
    selection: Selection | None = None,
    *,
    fold: bool = False,
    limits: Limits | None = DEFAULT_LIMITS,
) -> Paths:
    """The paths of the selected sessions; templates are learned from them, app by app, unless ``limits`` is None.

    Bots and sessions cut at the step cap are left out unless the selection says otherwise. The same rows give the same
    arrays.
    """
    raw = read_steps(client, database, selection or Selection())
    paths = make_paths(raw, steps_of(raw, learn_templates(raw, limits) if limits else {}))
    return paths.folded() if fold else paths


def learn_templates(raw: RawSteps, limits: Limits = DEFAULT_LIMITS) -> dict[str, Templates]:
    """App → its templates."""
    visits: dict[str, dict[str, int]] = defaultdict(dict)
    for (app, step), n in zip(raw.vocabulary, np.bincount(raw.codes, minlength=len(raw.vocabulary)), strict=True):
        if step.startswith(PAGE):
            visits[app][step.removeprefix(PAGE)] = int(n)
    return {app: learn(paths, limits) for app, paths in visits.items()}


def steps_of(raw: RawSteps, templates: dict[str, Templates]) -> list[str]:
    """For each (app, step) of the raw vocabulary the step with its template."""
    return [
        PAGE + templates[app].of(step.removeprefix(PAGE)) if app in templates and step.startswith(PAGE) else step
        for app, step in raw.vocabulary
    ]


def make_paths(raw: RawSteps, steps: list[str]) -> Paths:
    """Paths over the steps that stand for the raw vocabulary's, one for each."""
    vocabulary = sorted(set(steps))
    code_of = {step: code for code, step in enumerate(vocabulary)}
    codes = np.array([code_of[step] for step in steps], dtype=np.int32)
    return Paths(
        vocabulary=vocabulary,
        codes=codes[raw.codes],
        starts=raw.starts,
        offsets_ms=raw.offsets_ms,
        session_ids=raw.session_ids,
        visitors=raw.visitors,
        visitor_ids=raw.visitor_ids,
        started_ms=raw.started_ms,
    )
