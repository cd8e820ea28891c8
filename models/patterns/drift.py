"""How the sizes of patterns moved since the run before."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from clickhouse_driver import Client

from streams.warehouse.client import qualified

_BEFORE = "SELECT pattern_id, name, sessions, share FROM {database}.patterns_v WHERE app_id = %(app)s"


class Before(msgspec.Struct, frozen=True):
    """A pattern as it was kept."""

    name: str
    sessions: int
    share: float


class Drift(msgspec.Struct, frozen=True):
    """moved: share of the sessions that would have to change their pattern for the shares to be those before (half the
    sum of the differences; 0 for equal, 1 for strangers). stayed: patterns that were there before. new, gone: ids."""

    moved: float
    stayed: int
    new: list[UUID]
    gone: list[UUID]


def read_before(client: Client, database: str, app: str) -> dict[UUID, Before]:
    """The app's patterns as they are kept now."""
    rows = client.execute(qualified(_BEFORE, database), {"app": app})
    return {id_: Before(name, sessions, share) for id_, name, sessions, share in rows}


def drift_of(now: Mapping[UUID, float], before: Mapping[UUID, Before]) -> Drift:
    """``now``: pattern → share."""
    ids: Sequence[UUID] = [*now, *(id_ for id_ in before if id_ not in now)]
    apart = [abs(now.get(id_, 0.0) - (before[id_].share if id_ in before else 0.0)) for id_ in ids]
    return Drift(
        moved=sum(apart) / 2,
        stayed=sum(id_ in before for id_ in now),
        new=[id_ for id_ in now if id_ not in before],
        gone=[id_ for id_ in before if id_ not in now],
    )
