"""Discovery from paths to findings: grown on one half of the visitors, confirmed on the other."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log

import msgspec
import numpy as np

from models.discovery.growth import Ground, again_on, grow, is_within, make_ground, maximal, seeds
from models.discovery.limits import DEFAULT_LIMITS, Limits
from models.discovery.navigation import surprises
from models.discovery.sample import Halves, Sample, split
from models.discovery.trial import Chain, walkers_of
from models.discovery.verdict import StepEvidence, leave_one_out, settle
from models.matching import closest
from models.paths import Paths

Progress = Callable[[str, int, int], None]
_SMALLEST = -700.0


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A funnel nobody drew.

    lift: of its weakest step, on the half it was not found on: takers given the other steps over those expected from
    frequency and length. found_lift: the same on the half it was found on. p_value: of the weakest step's worse test
    on the other half. q_value: that, times all tests made there. surprise: see models.discovery.navigation.
    """

    steps: tuple[str, ...]
    lift: float
    found_lift: float
    p_value: float
    q_value: float
    surprise: float
    by_navigation: bool


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and what was found, the best first.

    sessions, visitors: read. used: sessions looked at (the first few of each visitor) in each half. steps: different
    ones that are frequent enough. seeds: pairs that passed. candidates: chains that went to the other half.
    too_few: why nothing could be looked for; empty where it was. least: sessions of one half a funnel needs.
    """

    findings: list[Finding]
    sessions: int
    visitors: int
    used: tuple[int, int]
    steps: int
    seeds: int
    candidates: int
    least: int
    too_few: str = ""


@dataclass(frozen=True, slots=True)
class _Confirmed:
    chain: Chain
    found: list[StepEvidence]
    again: list[StepEvidence]


def discover(
    paths: Paths,
    limits: Limits = DEFAULT_LIMITS,
    seed: int = 0,
    goal: str | None = None,
    progress: Progress = lambda *_: None,
) -> Discovery:
    """Find funnels in ``paths`` (folded or not). The same paths, limits and seed give the same findings.

    goal: a step of the vocabulary; then findings are what leads to it, two steps or more, the goal last.
    """
    paths = paths.folded()
    halves = split(paths, seed, limits.sessions_per_visitor, limits.support)
    first, second = halves.found_on, halves.confirmed_on
    told = Discovery(
        findings=[],
        sessions=len(paths),
        visitors=len(paths.visitor_ids),
        used=(len(first), len(second)),
        steps=first.size - 1,
        seeds=0,
        candidates=0,
        least=limits.least_support(len(first)),
    )
    if reason := _too_few(first, second, limits):
        return msgspec.structs.replace(told, too_few=reason)
    code = _code_of(goal, paths, halves)
    if goal is not None and code is None:
        alike = closest(goal, paths.vocabulary) if goal not in paths.vocabulary else []
        hint = f"; did you mean {', '.join(alike)}?" if alike else ""
        return msgspec.structs.replace(told, too_few=f"{limits.support} sessions of a half must reach {goal}{hint}")
    ground = make_ground(first, limits, code)
    pairs, chains = find_chains(ground, progress)
    confirmed = confirm(ground, second, chains, progress)
    findings = _findings(confirmed, halves, paths, limits, tests_of(chains))
    return msgspec.structs.replace(told, findings=findings, seeds=pairs, candidates=len(chains))


def _too_few(first: Sample, second: Sample, limits: Limits) -> str:
    long = [int((np.diff(half.entry_starts) >= limits.least_steps).sum()) for half in (first, second)]
    if min(long) >= limits.least_sessions:
        return ""
    return (
        f"{long[0]} and {long[1]} sessions of {limits.least_steps} different steps in the two halves of the visitors;"
        f" {limits.least_sessions} in each are needed"
    )


def _code_of(goal: str | None, paths: Paths, halves: Halves) -> int | None:
    if goal is None or goal not in paths.vocabulary:
        return None
    code = np.flatnonzero(halves.steps == paths.vocabulary.index(goal))
    return int(code[0]) if len(code) else None


def find_chains(ground: Ground, progress: Progress) -> tuple[int, list[Chain]]:
    """How many pairs passed, and the chains grown from them that hold on the half they were grown on."""
    pairs = seeds(ground, lambda done, of: progress("pairs", done, of))
    grown: list[Chain] = []
    settled: list[Chain] = []
    for done, pair in enumerate(pairs):
        progress("growing", done, len(pairs))
        if any(is_within(pair, chain) for chain in grown):
            continue
        chain = grow(ground, pair)
        grown.append(chain)
        settled += settle(ground, chain)
    return len(pairs), maximal(settled)


def confirm(ground: Ground, second: Sample, chains: list[Chain], progress: Progress) -> list[_Confirmed]:
    """Chains whose every step passes both tests given the others on the half that was not looked at before, and that
    enough visitors walk in both."""
    if not chains:
        return []
    limits = ground.limits
    bar = again_on(ground, second, tests_of(chains))
    confirmed = []
    for done, chain in enumerate(chains):
        progress("confirming", done, len(chains))
        again = leave_one_out(bar, chain)
        kept = [step for step, code in zip(again, chain, strict=True) if code != ground.goal]
        visitors = min(_visitors(half, chain) for half in (ground.sample, second))
        holds = all(step.log_p <= bar.log_alpha and step.lift >= limits.lift for step in kept)
        if holds and visitors >= limits.visitors:
            confirmed.append(_Confirmed(chain, leave_one_out(ground, chain), again))
    return confirmed


def _visitors(sample: Sample, chain: Chain) -> int:
    return len(np.unique(sample.visitors[walkers_of(sample, chain).sessions]))


def tests_of(chains: list[Chain]) -> int:
    """Made on the other half: one for each step of each candidate."""
    return sum(map(len, chains))


def _findings(confirmed: list[_Confirmed], halves: Halves, paths: Paths, limits: Limits, tests: int) -> list[Finding]:
    clear = surprises(halves.confirmed_on, [one.chain for one in confirmed], limits.navigation)
    findings = [
        _finding(one, halves, paths, surprise, limits, tests) for one, surprise in zip(confirmed, clear, strict=True)
    ]
    return sorted(findings, key=lambda one: (one.by_navigation, one.q_value, -one.lift, one.steps))


def _finding(one: _Confirmed, halves: Halves, paths: Paths, surprise: float, limits: Limits, tests: int) -> Finding:
    worst = max(step.log_p for step in one.again)
    return Finding(
        steps=tuple(paths.vocabulary[halves.steps[code]] for code in one.chain),
        lift=min(step.lift for step in one.again),
        found_lift=min(step.lift for step in one.found),
        p_value=exp(max(worst, _SMALLEST)),
        q_value=exp(max(min(worst + log(tests), 0.0), _SMALLEST)),
        surprise=surprise,
        by_navigation=len(one.chain) > 2 and surprise <= limits.navigation,
    )
