"""Whether a log goes on where it was read: records deleted unread are counted, a topic made anew is refused."""

from collections.abc import Mapping
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

    async def refuse_other_topics(self, delivered: Mapping[TP, int]) -> None:
        """End the worker where a topic is another than the one that was read. ``delivered``: where reading begins."""
        app = self._consumer.app
        if app.settings.bounded:  # an embedded broker does not tell its end truly
            return
        ours = [tp for tp in self._consumer.assignment() if tp.topic in app.batch_topics]
        read = [tp for tp in ours if self.reached.wanted(tp, delivered.get(tp))]
        ends = await self._consumer.highwaters(*read) if read else {}
        for tp in read:
            refusal = self.reached.refusal(tp, delivered.get(tp), ends[tp])
            if refusal is not None:
                self._refuse(tp, refusal)

    async def _count_lost(self, tp: TP, wanted: int, first: int) -> None:
        """Offsets without a record are common (compaction, transactions); those before the log's start are a loss."""
        earliest = (await self._consumer.earliest_offsets(tp))[tp]
        lost = min(first, earliest) - wanted
        if lost > 0:
            self._consumer.app.on_lost(tp, wanted, lost)

    def _refuse(self, tp: TP, why: ContractError) -> None:
        self._consumer.app.fail(f"reading {tp.topic}[{tp.partition}]", why)
