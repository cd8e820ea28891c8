"""Whether a log goes on where it was read: records deleted unread are counted, a topic made anew is refused."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from faust.types import TP

from streams.errors import ContractError
from streams.kafka.reached import Reached, made_anew

if TYPE_CHECKING:
    from streams.kafka.consumer import BatchConsumer


class Continuity:
    """What one consumer knows of the topics that its app reads in batches."""

    def __init__(self, consumer: "BatchConsumer") -> None:
        self._consumer = consumer
        self.reached = Reached()
        self._counted: dict[TP, list[range]] = defaultdict(list)
        """Offsets of losses: where nothing is left to be read, no commit passes them."""

    def note(self, committed: Mapping[TP, int]) -> None:
        """The broker took these offsets, or told them: remembered over rebalances, in which Faust forgets them."""
        self.reached.note(committed)

    async def check(self, tp: TP, wanted: int | None, first: int) -> None:
        """What is fetched, from ``first`` on, should begin at ``wanted``; where it does not, say why."""
        if wanted is None or first == wanted:
            return
        if first > wanted:
            await self._count_lost(tp, wanted, first)
        elif (end := self._consumer.known_end(tp)) < wanted:
            self._refuse(tp, made_anew(tp, end, wanted))

    async def check_begin(self, sought: Mapping[TP, int | None]) -> None:
        """Before anything is read: end the worker where a topic is not the one that was read.

        ``sought``: what the group has committed of each partition that was asked for. One that is assigned meanwhile
        is not among them, and has its own look. What retention deleted is counted now: where it took all, no record
        comes that would tell.
        """
        app = self._consumer.app
        if app.settings.bounded:  # an embedded broker does not tell its end truly
            return
        read = [tp for tp in sought if tp.topic in app.batch_topics and self.reached.wanted(tp, sought[tp])]
        if not read:
            return
        ends, begins = await self._consumer.highwaters(*read), await self._consumer.earliest_offsets(*read)
        for tp in read:
            committed = sought[tp]
            refusal = self.reached.refusal(tp, committed, ends[tp])
            if refusal is not None:
                self._refuse(tp, refusal)
            elif committed:
                self._count(tp, committed, begins[tp])

    async def _count_lost(self, tp: TP, wanted: int, first: int) -> None:
        """Offsets without a record are common (compaction, transactions); those before the log's start are a loss."""
        earliest = (await self._consumer.earliest_offsets(tp))[tp]
        self._count(tp, wanted, min(first, earliest))

    def _count(self, tp: TP, wanted: int, begin: int) -> None:
        """What lies from ``wanted`` on before ``begin`` is lost; each offset once."""
        for lost in without(range(wanted, begin), self._counted[tp]):
            self._counted[tp].append(lost)
            self._consumer.app.on_lost(tp, lost.start, len(lost))

    def _refuse(self, tp: TP, why: ContractError) -> None:
        self._consumer.app.fail(f"reading {tp.topic}[{tp.partition}]", why)


def without(offsets: range, others: Sequence[range]) -> list[range]:
    """What is left of some offsets, in order."""
    left = [offsets] if offsets else []
    for other in others:
        parts = [
            part
            for each in left
            for part in (
                range(each.start, min(each.stop, other.start)),
                range(max(each.start, other.stop), each.stop),
            )
        ]
        left = [part for part in parts if part]
    return left
