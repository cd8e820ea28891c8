import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.batch import slices
from tests.kafka.records import record


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(1, 20), st.integers(1, 100))
def test_slices_keep_every_record_in_order_within_the_limits(sizes: list[int], rows: int, nbytes: int) -> None:
    """Only a single record may be above the limit of bytes."""
    records = [record(offset, b"x" * size) for offset, size in enumerate(sizes)]
    cut = list(slices(records, rows, nbytes))
    assert [each for piece, _ in cut for each in piece] == records
    for piece, held in cut:
        assert held == sum(len(each.value or b"") for each in piece)
        assert len(piece) <= rows
        assert held <= nbytes or len(piece) == 1


CASES = [(10, 10, [4]), (2, 10, [2, 2]), (10, 3, [3, 1]), (1, 1, [1, 1, 1, 1])]


@pytest.mark.parametrize(("rows", "nbytes", "lengths"), CASES)
def test_slices_are_as_large_as_allowed(rows: int, nbytes: int, lengths: list[int]) -> None:
    """A limit met exactly does not cut."""
    cut = slices([record(offset) for offset in range(4)], rows, nbytes)
    assert [len(piece) for piece, _ in cut] == lengths


def test_a_record_without_a_value_counts_no_bytes() -> None:
    """A tombstone is a record all the same."""
    assert [held for _, held in slices([record(0, None), record(1)], 10, 10)] == [1]
