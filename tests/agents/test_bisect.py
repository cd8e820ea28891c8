"""Which records are given up, and that all others are stored, in order."""

import asyncio
import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.bisect import store_apart
from streams.warehouse.failures import Refused

VIOLATED_CONSTRAINT, UNKNOWN_TABLE = 469, 60


class Shelf:
    """Takes batches without the ``poison``, whole or not at all."""

    def __init__(self, poison: set[int], code: int = VIOLATED_CONSTRAINT, table: str = "events") -> None:
        self.poison, self.refusal = poison, Refused(code, table)
        self.stored: list[int] = []
        self.given_up: list[int] = []
        self.attempts = 0

    async def store(self, records: Sequence[int]) -> None:
        """All or nothing."""
        self.attempts += 1
        if self.poison.intersection(records):
            raise self.refusal
        self.stored += records

    async def give_up(self, record: int, _refused: Refused) -> None:
        """Noted in its place."""
        self.stored.append(-record)
        self.given_up.append(record)

    def take(self, records: Sequence[int]) -> None:
        """Store them."""
        asyncio.run(store_apart(records, self.store, self.give_up))


@given(st.integers(1, 200), st.sets(st.integers(1, 200), max_size=20))
def test_only_poison_is_given_up_and_order_stays(count: int, poison: set[int]) -> None:
    """Every record once, in order; what is given up stands where it stood."""
    shelf = Shelf(poison)
    shelf.take(range(1, count + 1))
    assert shelf.given_up == sorted(record for record in poison if record <= count)
    assert [abs(record) for record in shelf.stored] == list(range(1, count + 1))
    most = len(shelf.given_up) * 2 * math.ceil(math.log2(count + 1)) + 1
    assert shelf.attempts <= most  # two attempts a level for each poisoned record


@pytest.mark.parametrize(("code", "table"), [(UNKNOWN_TABLE, "events"), (VIOLATED_CONSTRAINT, "sessions")])
def test_what_no_event_can_be_blamed_for_is_raised(code: int, table: str) -> None:
    """A missing table, or a row that many events made: nothing is cut, nothing is given up."""
    shelf = Shelf({5}, code, table)
    with pytest.raises(Refused):
        shelf.take(range(10))
    assert (shelf.attempts, shelf.stored, shelf.given_up) == (1, [], [])
