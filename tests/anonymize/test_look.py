"""One look finds whatever any of the hints would, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.look import Digits, Hint, Signs, anything, make_look
from streams.anonymize.redact import _BUILT_IN

BUILT_IN = [hint for _, hint in _BUILT_IN.values()]
PIECES = [
    *"0123456789", "4242 4242", "424242424242", "4.2", "-", "_", "+", "\t", "\x1f", "\xa0", "\u2011", "٣", "!", "\x00",
    "x", "@", "&", "＠", "﹫", "%20", "\\", "?", ";", "::", ":1:", "1.2.3.4", ",1.5,", "sk-", "DE89", "é", "\ud800",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=24).map("".join)
signs = st.text(st.sampled_from("?#@&;%\\!＠x"), min_size=1, max_size=4).map(Signs)
hints = st.lists(signs | st.sampled_from(BUILT_IN), max_size=8)


@given(hints, texts | st.text(max_size=30))
def test_a_look_is_all_hints_together(some: list[Hint], text: str) -> None:
    """Characters, digits with gaps, and all else, in ASCII and beyond."""
    assert bool(make_look(some)(text)) == any(hint(text) for hint in some)


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from(["", " ", "-", ". "]), st.sampled_from(["", "a", "é"]))
def test_the_rest_is_asked_of_texts_with_enough_digits(least: int, given: int, gap: str, other: str) -> None:
    """Fewer in a row are not worth it; beyond ASCII the whole test decides."""
    asked: list[str] = []

    def rest(text: str) -> bool:
        asked.append(text)
        return True

    look = make_look([Digits(lambda _text: False, least, b" -.", rest)])
    text = other + gap.join("7" * given) + other

    assert bool(look(text)) is (given >= least and text.isascii())
    assert asked == ([text] if given >= least and text.isascii() else [])


@given(texts)
def test_no_hint_holds_for_nothing(text: str) -> None:
    """And the one that rules nothing out for all."""
    assert not make_look([])(text)
    assert make_look([anything])(text)
