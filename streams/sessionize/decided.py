"""What an event turns into: rows of ``events`` and ``outcomes`` with the version of the record that decided them."""

from streams.outcome import Reason, Verdict
from streams.records import Event
from streams.sessionize.dedup import Decision
from streams.sessionize.effects import Effects
from streams.sessionize.history import Closed
from streams.sessionize.identity import late_version
from streams.sessionize.rows import event_outcome, loser_outcome, session_row, tombstone, visitor_row
from streams.sessionize.visitor import Visitor


def keep_late(effects: Effects, event: Event, reason: Reason, version: int) -> None:
    """Stored, counted, not folded (rule 1)."""
    event.is_late = 1
    event.version = late_version(event)
    effects.events.append(event)
    effects.outcomes.append(event_outcome(event, Verdict.LATE, reason, version))


def keep_or_drop(effects: Effects, event: Event, decision: Decision, version: int) -> None:
    """An event on time, by what was decided about its copies."""
    if decision.is_kept:
        event.version = version
        effects.events.append(event)
        effects.outcomes.append(event_outcome(event, Verdict.ACCEPTED, Reason.NONE, version))
    else:
        effects.outcomes.append(event_outcome(event, Verdict.DUPLICATE, Reason.COPY, version))


def write_losers(effects: Effects, visitor: Visitor, event_id: bytes, decision: Decision, version: int) -> None:
    """Copies kept until now, and keys at which none is."""
    effects.outcomes.extend([loser_outcome(visitor, hit, version) for hit in decision.losers])
    effects.events.extend([tombstone(visitor, event_id, time, version) for time in decision.tombstones])


def write_final(effects: Effects, visitor: Visitor, closed: list[Closed], version: int) -> None:
    """Sessions that are over, and what they say of the visitor."""
    if not closed:
        return
    effects.sessions.extend([session_row(visitor, c.session, c.nth, version, is_final=1) for c in closed])
    effects.visitors.append(visitor_row(visitor, closed[-1], version))
    capped = sum(c.session.is_capped for c in closed)
    if capped:
        effects.alarms["capped_sessions"] += capped
