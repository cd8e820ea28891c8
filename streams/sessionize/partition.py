"""The fold of one enriched partition: records in, effects and new state out."""

from collections.abc import Iterable, Mapping

from streams.records import OWN_KEY, Record
from streams.sessionize.due import NEVER, DueIndex
from streams.sessionize.effects import Effects
from streams.sessionize.options import OptionsOf
from streams.sessionize.state import PartitionState, decode_own, due_of, encode_own, refresh_of
from streams.sessionize.touched import Touched
from streams.sessionize.walk import Place, Walk
from streams.sessionize.words import Words


class PartitionFold:
    """Pure but for ``commit``: ``fold`` leaves self and ``state`` as they were, however often it is called.

    ``state`` is the live view of the partition's table; the caller puts ``effects.changes`` and ``effects.own`` (under
    ``OWN_KEY``) into it and then calls ``commit``. Construction passes over ``state``.
    """

    def __init__(
        self,
        options: OptionsOf,
        disorder_ms: int,
        generation: int,
        partition: int,
        state: Mapping[bytes, bytes],
    ) -> None:
        self._options = options
        self._place = Place(generation, partition, disorder_ms)
        self._state = state
        self._words = Words()
        own = state.get(OWN_KEY)
        self._own = encode_own(PartitionState()) if own is None else own
        self._due = DueIndex([(due_of(value), key) for key, value in state.items() if key[:1] != b"\0"])
        self._refresh = DueIndex(
            [(at, key) for key, value in state.items() if key[:1] != b"\0" and (at := refresh_of(value)) != NEVER]
        )
        self._last: Effects | None = None

    @property
    def applied(self) -> int:
        """The last enriched offset folded and committed; -1 before any."""
        return decode_own(self._own).applied

    @property
    def watermark(self) -> int:
        """The committed watermark (INFINITY when all input has ended)."""
        return decode_own(self._own).watermark

    def fold(self, records: Iterable[tuple[int, Record]]) -> Effects:
        """The effects of consecutive records (enriched offset, record). Only the latest effects may be committed.

        Sets ``version`` and ``is_late`` on the events and outcomes given: the same values in every cut.
        """
        self._due.restore()
        self._refresh.restore()
        own = decode_own(self._own)
        touched = Touched(self._options, self._words, self._state, self._due, self._refresh, own.applied)
        walk = Walk(self._place, own, touched)
        self._last = effects = walk.run(records)
        return effects

    def commit(self, effects: Effects) -> None:
        """Take the effects as done: rows inserted, ``changes`` and ``own`` in the table.

        Raises ValueError when they are not those of the latest ``fold``.
        """
        if effects is not self._last:
            raise ValueError("only the effects of the latest fold can be committed, once")
        self._last = None
        self._own = effects.own
        self._due.keep()
        self._refresh.keep()
