"""What is written down for a raw event that became no event: its outcome, and a dead letter if it was meant to be."""

from collections.abc import Sequence

from streams.anonymize.anonymizer import Place
from streams.outcome import Dead, Drop, Verdict
from streams.parse.result import Empty
from streams.records import DeadLetter, Outcome

MAX_DETAIL = 500
_VERDICTS = {Dead: Verdict.DEAD.value, Drop: Verdict.DROPPED.value, Empty: Verdict.EMPTY.value}

NoEvent = Dead | Drop | Empty


def make_outcome(why: NoEvent, place: Place, index: int, app_id: str, arrival: int) -> Outcome:
    """The row of ``outcomes`` for the event ``index`` of the record at ``place``; no content. ``app_id`` is masked."""
    return Outcome(
        app_id=app_id,
        arrival_tstamp=arrival,
        raw_topic=place.raw_topic,
        raw_partition=place.raw_partition,
        raw_offset=place.raw_offset,
        raw_index=index,
        outcome=_VERDICTS[type(why)],
        reason=why.reason.value,
        events=place.raw_events,
        size=len(place.value),
    )


def make_letter(
    why: Dead, place: Place, index: int, headers: Sequence[tuple[str, bytes]], carrier: int | None = None
) -> DeadLetter:
    """The original bytes and headers, where they lie, and why; for the restricted topic only.

    ``carrier``: the index of an earlier letter of the same record, which has the bytes and headers: then this one has
    none, so that many bad events of a long body do not write it many times.
    """
    return DeadLetter(
        value=place.value if carrier is None else None,
        headers=tuple(headers) if carrier is None else (),
        raw_topic=place.raw_topic,
        raw_partition=place.raw_partition,
        raw_offset=place.raw_offset,
        raw_index=index,
        carrier=carrier,
        reason=why.reason.value,
        detail=why.detail[:MAX_DETAIL],
    )
