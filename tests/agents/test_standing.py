"""The state of a partition is looked at before anything is folded on it."""

from dataclasses import replace

import pytest

from streams.agents.standing import Standing
from streams.errors import ContractError

SOUND = Standing("enriched", 2, "changelog", applied=99, committed=100, begin=0, end=150, changelog_begin=0)


@pytest.mark.parametrize(
    "sound",
    [
        SOUND,
        replace(SOUND, committed=60),  # died between changelog and commit
        replace(SOUND, applied=-1, committed=0, end=0),  # nothing yet
        replace(SOUND, applied=-1, committed=0),
        replace(SOUND, applied=-1, committed=-1),
        replace(SOUND, end=100),
    ],
)
def test_what_may_be_found_after_any_crash_is_no_fault(sound: Standing) -> None:
    """State at or ahead of the commit, at or before the end of the log."""
    sound.check()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (replace(SOUND, applied=150, committed=151), "the topic was made anew"),
        (replace(SOUND, changelog_begin=1), "records were deleted"),
        (replace(SOUND, committed=101), "emptied or made anew"),
        (replace(SOUND, applied=-1, committed=1), "emptied or made anew"),
    ],
)
def test_a_state_that_is_not_whole_is_refused_with_its_mend(wrong: Standing, words: str) -> None:
    """Names the changelog or topic, and tells what to do."""
    with pytest.raises(ContractError, match=words) as refused:
        wrong.check()
    assert "kafka.generation" in str(refused.value)


@pytest.mark.parametrize(
    ("standing", "unread"),
    [
        (SOUND, 0),
        (replace(SOUND, begin=120), 0),  # the consumer counts from the committed offset on
        (replace(SOUND, committed=-1, begin=100), 0),
        (replace(SOUND, committed=-1, begin=120), 20),
        (replace(SOUND, committed=0, begin=101), 1),
        (replace(SOUND, applied=-1, committed=-1, begin=120), 0),  # nothing was ever read
    ],
)
def test_a_gap_behind_the_state_is_a_loss_also_where_the_group_has_forgotten(standing: Standing, unread: int) -> None:
    """Workers were away for longer than the broker keeps offsets, and records."""
    standing.check()
    assert standing.unread == unread
