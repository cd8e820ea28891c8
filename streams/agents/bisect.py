"""Stores a batch whose events the warehouse may refuse: cut in halves until the one at fault stands alone."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from streams.warehouse.failures import Refused

R = TypeVar("R")


async def store_apart(
    records: Sequence[R],
    store: Callable[[Sequence[R]], Awaitable[None]],
    give_up: Callable[[R, Refused], Awaitable[None]],
) -> None:
    """``store``s all records in order, as one batch where that works.

    Where an event of it is refused, each half is stored by itself: any cut of the log gives the same rows, so nothing
    has to be undone and the batch mates are stored as ever. A record refused alone goes to ``give_up``. Raises whatever
    ``store`` raises for another cause, and what ``give_up`` raises.
    """
    try:
        await store(records)
    except Refused as refused:
        if not refused.by_event:
            raise
        if len(records) == 1:
            await give_up(records[0], refused)
            return
        half = len(records) // 2
        await store_apart(records[:half], store, give_up)
        await store_apart(records[half:], store, give_up)
