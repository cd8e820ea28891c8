"""Which slices of each partition are delivered and not yet committed, and how far one may commit."""

from collections import deque

from faust.types import TP

from streams.kafka.batch import BatchMessage


class InFlight:
    """Per partition a queue of slices in log order. Only acknowledged heads are committable.

    A slice holds its queue as ``lease``: after a clear the queue is another one, so late acknowledgements of slices
    from before are refused.
    """

    def __init__(self) -> None:
        self._queues: dict[TP, deque[BatchMessage]] = {}

    def deliver(self, message: BatchMessage) -> None:
        """The slice goes out to the agent."""
        queue = self._queues.setdefault(message.tp, deque())
        message.lease = queue
        queue.append(message)

    def holds(self, message: BatchMessage) -> bool:
        """True when the slice belongs to the present ownership of its partition."""
        return message.lease is not None and self._queues.get(message.tp) is message.lease

    def pop_head(self, tp: TP) -> int | None:
        """Take the acknowledged heads away; the offset to commit, or None when there is none."""
        queue, offset = self._queues.get(tp), None
        while queue and queue[0].acked:
            offset = queue.popleft().next_offset
        return offset

    def head_acked(self) -> bool:
        """True when some partition has something to commit."""
        return any(queue and queue[0].acked for queue in self._queues.values())

    def all_empty(self) -> bool:
        """True when nothing delivered is uncommitted."""
        return not any(self._queues.values())

    def tail(self, tp: TP) -> int:
        """The offset after the last slice in flight; -1 when none is."""
        queue = self._queues.get(tp)
        return queue[-1].next_offset if queue else -1

    def empty(self, tp: TP) -> bool:
        """True when nothing delivered is unacknowledged."""
        return not any(not message.acked for message in self._queues.get(tp, ()))

    def clear(self, tp: TP | None = None) -> None:
        """Forget one partition, or all."""
        if tp is None:
            self._queues.clear()
        else:
            self._queues.pop(tp, None)
