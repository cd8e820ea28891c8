"""Findings counted over all sessions, as `thalweg funnel` counts, ready to be shown and kept."""

from hashlib import sha256

import msgspec
import numpy as np

from models.discovery.discover import Discovery, Finding
from models.discovery.limits import Limits
from models.discovery.naming import name_of
from models.funnel import Funnel
from models.funnel_sql import sql_of
from models.funnels import FunnelData, FunnelResult, count_funnel
from models.matching import match_steps
from models.selection import Selection

METHOD = 1
"""Of the method; a change of what it finds raises it."""
NAVIGATION = "explained by navigation"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with its counts. visitors: who took the first step. sql: the statement that gives the same counts."""

    finding: Finding
    result: FunnelResult
    visitors: int
    sql: str

    @property
    def funnel(self) -> Funnel:
        """As `thalweg funnel` reads it."""
        return self.result.funnel

    @property
    def label(self) -> str:
        """What the model says of it."""
        return NAVIGATION if self.finding.by_navigation else ""


def tell(discovery: Discovery, data: FunnelData, selection: Selection) -> list[Told]:
    """Every finding counted over all the sessions of ``data``, both halves, in discovery's order."""
    return [_told(finding, data, selection) for finding in discovery.findings]


def _told(finding: Finding, data: FunnelData, selection: Selection) -> Told:
    funnel = Funnel(name=name_of(finding.steps), steps=finding.steps)
    visitors = _visitors(finding.steps[0], data)
    return Told(
        finding=finding,
        result=count_funnel(data, funnel),
        visitors=visitors,
        sql=sql_of(funnel, data, selection),
    )


def _visitors(step: str, data: FunnelData) -> int:
    raw = data.raw
    means = match_steps(step, [raw_step for _, raw_step in raw.vocabulary], data.steps)
    owners = np.repeat(raw.visitors, np.diff(raw.starts))
    return len(np.unique(owners[means[raw.codes]]))


def model_version(limits: Limits, seed: int, goal: str | None) -> str:
    """The method's number and a hash of everything that steers it."""
    steers = msgspec.json.encode([METHOD, limits, seed, goal], order="sorted")
    return f"{METHOD}-{sha256(steers).hexdigest()[:8]}"
