"""Caps on what one visitor may hold in memory: a robot without end costs no more than they say.

Both look at the state after all that the horizon lets go is gone, so they strike at the same record in every cut. What
they cut is flagged in the session's row (``is_capped``) and counted.
"""

from collections import Counter

from streams.sessionize.copies import as_times
from streams.sessionize.history import Closed
from streams.sessionize.visitor import Visitor


def hold(visitor: Visitor, horizon: int, alarms: Counter[str]) -> list[Closed]:
    """Let go what the caps say; gives the sessions closed early by it."""
    if visitor.is_lone:
        return []
    closed = []
    visitor.seal(horizon)
    if visitor.open.count > visitor.options.max_open:
        closed = _seal_early(visitor, alarms)
    visitor.copies.forget(horizon - visitor.options.dedup_window_ms)
    if len(visitor.copies.times) > visitor.max_ids:
        _forget_early(visitor, alarms)
    return closed


def _seal_early(visitor: Visitor, alarms: Counter[str]) -> list[Closed]:
    """Seal the older half of the open hits; sessions that end in it are closed, the last stays."""
    half = visitor.open.count // 2
    alarms["capped_open"] += half
    return [visitor.count(*taken) for taken in visitor.open.seal_early(half)]


def _forget_early(visitor: Visitor, alarms: Counter[str]) -> None:
    """Forget the older half of the ids, but for those of open hits: their later copies will count."""
    kept = {hit.id for hit in visitor.open.hits}
    copies = visitor.copies.times
    ids = sorted((as_times(times)[-1], event_id) for event_id, times in copies.items() if event_id not in kept)
    gone = ids[: len(ids) // 2]
    for _, event_id in gone:
        del copies[event_id]
    alarms["capped_ids"] += len(gone)
    visitor.history.capped_to = gone[-1][0] + visitor.options.dedup_window_ms
