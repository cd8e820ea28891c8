from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.mask import make_mask
from streams.anonymize.ruleset import Mask


@given(text=st.text(min_size=1), first=st.integers(0, 16), last=st.integers(0, 16))
def test_at_most_half_of_a_value_stays(text: str, first: int, last: int) -> None:
    """Its ends, as asked; of short values nothing."""
    rule = Mask(name="a", action="mask", fields=["page_title"], keep_first=first, keep_last=last, word="\0")
    before, after = make_mask(rule).apply(text).split("\0") if "\0" not in text else ("", "")

    assert len(before) + len(after) <= len(text) // 2 or "\0" in text
    assert text.startswith(before)
    assert text.endswith(after)
