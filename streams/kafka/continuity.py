"""Whether a log goes on where it was read: records deleted unread are counted, a topic made anew is refused."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from faust.types import TP

from streams.errors import ContractError

if TYPE_CHECKING:
    from streams.kafka.consumer import BatchConsumer


def made_anew(tp: TP, end: int, wanted: int) -> ContractError:
    """What to tell when a log ends before where we read it."""
    return ContractError(
        f"{tp.topic}[{tp.partition}] ends at {end}, but everything before {wanted} was read: the topic was made anew",
        "raw: raise kafka.raw_incarnation; enriched: raise kafka.generation; both with a new kafka.group_prefix",
    )


class Continuity:
    """What one consumer knows of the topics that its app reads in batches."""

    def __init__(self, consumer: "BatchConsumer") -> None:
        self._consumer = consumer
        self._reached: dict[TP, int] = {}

    def note(self, committed: Mapping[TP, int | None]) -> None:
        """Remember what was committed here over rebalances, in which Faust forgets it."""
        for tp, offset in committed.items():
            self._reached[tp] = max(offset or 0, self._reached.get(tp, 0))

    async def check(self, tp: TP, wanted: int | None, first: int) -> None:
        """What is fetched, from ``first`` on, should begin at ``wanted``; where it does not, say why."""
        if wanted is None or first == wanted:
            return
        if first > wanted:
            await self._count_lost(tp, wanted, first)
        elif (end := self._consumer.known_end(tp)) < wanted:
            self._refuse(tp, end, wanted)

    async def refuse_other_topics(self, delivered: Mapping[TP, int]) -> None:
        """A topic that ends below what was committed was made anew: its first records would be taken for old ones.

        So was one of which the group has forgotten what we committed: offsets go with their topic. ``delivered`` are
        the offsets at which reading begins.
        """
        app = self._consumer.app
        if app.settings.bounded:  # an embedded broker does not tell its end truly
            return
        ours = [tp for tp in self._consumer.assignment() if tp.topic in app.batch_topics]
        read = {tp: delivered.get(tp) or self._reached.get(tp, 0) for tp in ours}
        ends = await self._consumer.highwaters(*ours) if any(read.values()) else {}
        for tp, at in read.items():
            forgotten = at > 0 and not delivered.get(tp)
            if forgotten or 0 <= ends.get(tp, at) < at:
                self._refuse(tp, ends[tp], at)

    async def _count_lost(self, tp: TP, wanted: int, first: int) -> None:
        """Offsets without a record are common (compaction, transactions); those before the log's start are a loss."""
        earliest = (await self._consumer.earliest_offsets(tp))[tp]
        lost = min(first, earliest) - wanted
        if lost > 0:
            self._consumer.app.on_lost(tp, wanted, lost)

    def _refuse(self, tp: TP, end: int, wanted: int) -> None:
        self._consumer.app.fail(f"reading {tp.topic}[{tp.partition}]", made_anew(tp, end, wanted))
