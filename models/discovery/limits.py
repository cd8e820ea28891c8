"""The numbers that decide what counts as a funnel, each with the reason it has."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds of discovery. Shares are between 0 and 1."""

    alpha: float = 0.01
    """Chance of any false finding, over all candidates looked at; spent once on each half."""
    continuation: float = 0.25
    """Share of the walkers of the other steps that take this one, beyond what frequency and length give."""
    order: float = 0.25
    """Share of those who do a step that do it in its place, beyond what a shuffle of the session gives."""
    forward: float = 0.15
    """Share of those who walked the steps before that go on, beyond chance: below, two funnels are glued."""
    backward: float = 0.5
    """Share of those who walk the rest that walked the steps before a seam: above, it is no funnel of its own."""
    lift: float = 1.5
    """Walkers who take a step, over those expected by chance."""
    support: int = 25
    support_share: float = 0.0005
    """Sessions of the first half that must walk a funnel: the larger of both."""
    visitors: int = 20
    """Different visitors of each half that must walk it to the end."""
    least_steps: int = 3
    most_steps: int = 8
    sessions_per_visitor: int = 5
    """More of one visitor tell about the visitor, not about the site."""
    least_sessions: int = 400
    """Sessions of three different steps in the first half; with fewer nothing is looked for."""
    tail: float = 0.5
    """A last step that a smaller share goes on to is cut where navigation explains it, but not the rest."""
    navigation: float = 1.3
    """A funnel is explained by navigation where its steps come less than this many times as often as a first-order
    model of the site says. Measured: up to 1.17 for paths of a Markov site, 1.58 and more for planted ones."""

    def least_support(self, sessions: int) -> int:
        """Of so many sessions in a half."""
        return max(self.support, round(self.support_share * sessions))


DEFAULT_LIMITS = Limits()
SLOTS_LOOKED_AT = 40
"""Extensions counted by the correction: 8 steps, up to 5 ways each, for every pair of steps."""
