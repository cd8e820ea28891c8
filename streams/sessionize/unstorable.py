"""An event that the warehouse refuses for good: what stands in its place, and what removes its traces."""

from streams.outcome import Reason, Verdict
from streams.records import Event, Outcome
from streams.sessionize.effects import Effects
from streams.sessionize.rows import event_outcome, tombstone


def unstorable(event: Event) -> Outcome:
    """The record to fold instead of the event, at its offset: its outcome, dead. Its bytes stay in topic ``raw``."""
    outcome = event_outcome(event, Verdict.DEAD, Reason.UNSTORABLE, 0)  # the fold gives it its version
    outcome.read_from = event.read_from
    return outcome


def is_alone(event: Event, effects: Effects) -> bool:
    """Whether no copy of the event's id shares what the event alone decided (``effects``: its own, of it alone).

    Then nothing else stands under its key, and its row may be deleted.
    """
    return len(effects.outcomes) == 1 and effects.outcomes[0].outcome == Verdict.ACCEPTED and not event.is_late


def removal(event: Event) -> Event:
    """Tombstone of the event's row, which may be stored all the same: where a view on ``events`` failed, it is.

    Its version is n = 1 of the event's own offset: above what the event wrote, below what any later record writes.
    """
    return tombstone(event, event.event_id, event.derived_tstamp, event.version | 1)
