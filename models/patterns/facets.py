"""Who the sessions of a pattern are: devices, channels and goals, beside those of all sessions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import sqrt
from uuid import UUID

import msgspec
from clickhouse_driver import Client

from streams.warehouse.client import qualified

SURE = 4.0
"""Standard errors of a share from that of all, from which on a difference is told: many are looked at."""
LEAST_RATIO = 1.2
UNKNOWN = "(unknown)"
_ASK = """
SELECT p.pattern_id, s.dvce_type, s.default_channel_group, notEmpty(s.goals), count()
FROM {database}.sessions_v AS s
JOIN
(
    SELECT app_id, session_id, pattern_id
    FROM {database}.session_patterns_v
    WHERE model_app_id = %(app)s AND (%(app)s = '' OR app_id = %(app)s) AND version = %(version)s
) AS p ON p.app_id = s.app_id AND p.session_id = s.session_id
WHERE %(app)s = '' OR s.app_id = %(app)s
GROUP BY 1, 2, 3, 4
"""


class Facets(msgspec.Struct, frozen=True):
    """Sessions of one pattern by device and by channel, the largest first, and how many reach a goal."""

    devices: dict[str, int]
    channels: dict[str, int]
    with_goal: int


NOBODY = Facets({}, {}, 0)


class Difference(msgspec.Struct, frozen=True):
    """A value that a pattern's sessions have more or less often than all do; shares of both."""

    value: str
    share: float
    of_all: float


def read_facets(client: Client, database: str, app: str, version: int) -> dict[UUID, Facets]:
    """Pattern → facets, of the sessions written with ``version``."""
    devices: dict[UUID, Counter[str]] = {}
    channels: dict[UUID, Counter[str]] = {}
    goals = Counter[UUID]()
    for id_, device, channel, has_goal, n in client.execute(
        qualified(_ASK, database), {"app": app, "version": version}
    ):
        devices.setdefault(id_, Counter())[device or UNKNOWN] += n
        channels.setdefault(id_, Counter())[channel or UNKNOWN] += n
        goals[id_] += n if has_goal else 0
    return {id_: Facets(_ranked(devices[id_]), _ranked(channels[id_]), goals[id_]) for id_ in devices}


def _ranked(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])))


def added(all_counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Of all patterns: the base."""
    total = Counter[str]()
    for counts in all_counts:
        total.update(counts)
    return _ranked(total)


def differences(counts: Mapping[str, int], base: Mapping[str, int]) -> list[Difference]:
    """What is surely and clearly more or less frequent than in all sessions, the largest difference first."""
    n, of_all, found = sum(counts.values()), sum(base.values()), []
    for value, every in base.items():
        share, expected = counts.get(value, 0) / max(n, 1), every / max(of_all, 1)
        error = sqrt(max(expected * (1 - expected), 1e-12) / max(n, 1))
        ratio = (share + 1e-9) / (expected + 1e-9)
        if abs(share - expected) >= SURE * error and not 1 / LEAST_RATIO < ratio < LEAST_RATIO:
            found.append(Difference(value, share, expected))
    return sorted(found, key=lambda one: (-abs(one.share - one.of_all), one.value))
