"""What is remembered of commits tells a log that was made anew from one that was never committed."""

import pytest
from faust.types import TP

from streams.kafka.reached import Reached

RAW, OTHER = TP("raw", 0), TP("raw", 1)


@pytest.mark.parametrize(
    ("committed", "end", "refused"),
    [
        (None, 0, False),  # nothing yet
        (None, 500, False),
        (100, 100, False),
        (100, 500, False),
        (100, 99, True),
        (100, -1, False),  # the end is not known
    ],
)
def test_what_the_group_committed_is_held_against_the_end(committed: int | None, end: int, refused: bool) -> None:
    """By a process that has committed nothing itself."""
    refusal = Reached().refusal(RAW, committed, end)

    assert (refusal is not None) == refused
    assert refusal is None or "made anew" in str(refusal)


def test_offsets_that_the_group_forgot_went_with_their_topic() -> None:
    """Of that partition, however long the new log is; a lower offset of someone else's is no sign of it."""
    reached = Reached()
    reached.note({RAW: 100})
    reached.note({RAW: 60})

    assert "before 100 was read" in str(reached.refusal(RAW, None, 500))
    assert "before 100 was read" in str(reached.refusal(RAW, 0, 500))
    assert reached.refusal(RAW, 60, 500) is None
    assert reached.refusal(OTHER, None, 500) is None
