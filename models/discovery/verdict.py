"""Whether a grown chain is one funnel: every step needed given the others, every beginning leading on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.discovery.growth import Ground
from models.discovery.trial import Chain, Trial, trials, walkers_of


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """One step given all others. ``taken`` of ``walkers`` of the others take it where it stands."""

    taken: int
    walkers: int
    lift: float
    order_log_p: float
    association_log_p: float
    holds: bool

    @property
    def log_p(self) -> float:
        """Of the worse test."""
        return max(self.order_log_p, self.association_log_p)


def leave_one_out(ground: Ground, chain: Chain) -> list[StepEvidence]:
    """Each step tested in its place, given the others."""
    return [_evidence(ground, chain, place) for place in range(len(chain))]


def _evidence(ground: Ground, chain: Chain, place: int) -> StepEvidence:
    rest, code = (*chain[:place], *chain[place + 1 :]), chain[place]
    (trial,) = trials(ground.sample, ground.chance, rest, [place])
    return StepEvidence(
        taken=int(trial.taken[code]),
        walkers=trial.walkers,
        lift=float(trial.lift[code]),
        order_log_p=float(trial.order_log_p[code]),
        association_log_p=float(trial.association_log_p[code]),
        holds=bool(trial.passes(ground.log_alpha, ground.limits, ground.support)[code]),
    )


def settle(ground: Ground, chain: Chain) -> Iterator[Chain]:
    """The chain without steps that do not hold, cut in two wherever a beginning does not lead on."""
    while len(chain) >= _least(ground):
        evidence = leave_one_out(ground, chain)
        failing = [place for place, step in enumerate(evidence) if not step.holds and chain[place] != ground.goal]
        if failing:
            worst = max(failing, key=lambda place: evidence[place].log_p)
            chain = (*chain[:worst], *chain[worst + 1 :])
            continue
        seam = None if ground.goal else find_seam(ground, chain)
        if seam is None:
            yield chain if ground.goal else without_tail(ground, chain)
        else:
            yield from settle(ground, chain[:seam])
            yield from settle(ground, chain[seam:])
        return


def _least(ground: Ground) -> int:
    return 2 if ground.goal else ground.limits.least_steps


def find_seam(ground: Ground, chain: Chain) -> int | None:
    """The first k >= 2 whose beginning of k steps does not lead to step k + 1 beyond chance, and without which the rest
    is walked; None where there is none."""
    for place in range(2, len(chain)):
        (trial,) = trials(ground.sample, ground.chance, chain[:place], [place])
        if not leads_on(trial, chain[place], ground) and stands_alone(ground, chain, place):
            return place
    return None


def stands_alone(ground: Ground, chain: Chain, place: int) -> bool:
    """Whether the steps from ``place`` on are mostly walked without those before: a beginning of popular pages leads to
    any one funnel seldom, and yet is part of it where whoever walks the rest came that way."""
    whole, rest = (len(walkers_of(ground.sample, part).sessions) for part in (chain, chain[place:]))
    return whole < ground.limits.backward * rest


def leads_on(trial: Trial, code: int, ground: Ground) -> bool:
    """Whether the walkers go on to ``code``."""
    return bool(
        trial.continuation[code] >= ground.limits.forward
        and trial.lift[code] >= 1
        and trial.association_log_p[code] <= np.log(ground.limits.alpha)
    )


def without_tail(ground: Ground, chain: Chain) -> Chain:
    """The chain less last steps that few go on to, and no more than go there from that page anyway."""
    navigation, limits = ground.navigation, ground.limits
    while len(chain) > limits.least_steps:
        before, after = (len(walkers_of(ground.sample, part).sessions) for part in (chain[:-1], chain))
        is_tail = after < limits.tail * before and navigation.ratio(chain, len(chain) - 1) <= limits.navigation
        if not is_tail or navigation.surprise(chain[:-1]) <= limits.navigation:
            break
        chain = chain[:-1]
    return chain
