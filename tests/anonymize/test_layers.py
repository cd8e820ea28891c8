import re
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.layers import MAX_LAYERS, Span, merge, replace_found


def find(text: str) -> list[Span]:
    """The word ``secret``."""
    return [(*match.span(), "(x)") for match in re.finditer("secret", text)]


@pytest.mark.parametrize("layers", range(MAX_LAYERS + 1))
def test_only_the_found_characters_are_rewritten(layers: int) -> None:
    """Their neighbours keep the encoding they had, or had not."""
    hidden = "%73ecret" if layers else "secret"
    for _ in range(layers - 1):
        hidden = quote(hidden, safe="")

    assert replace_found(f"é%C3%A9 a%20b {hidden}%2Fü€😀 100% %zz", find) == "é%C3%A9 a%20b (x)%2Fü€😀 100% %zz"


def test_several_in_several_layers_all_go() -> None:
    """Plain, encoded once, encoded twice, beside bytes that are no UTF-8."""
    assert replace_found("secret %ff%73ecret%e2%82 %2573ecret%20", find) == "(x) %ff(x)%e2%82 (x)%20"


@pytest.mark.parametrize("hidden", ["%u0073ecret", "%U0073%u0065cret", "%25u0073ecret", "\\u0073%65cret"])
def test_the_form_of_javascripts_escape_hides_nothing(hidden: str) -> None:
    """Alone, beside other forms, encoded again."""
    assert replace_found(f"%u00e9 {hidden} %uzz", find) == "%u00e9 (x) %uzz"


def test_more_layers_than_anyone_writes_lose_the_text() -> None:
    """Fail closed."""
    text = "a secret"
    for _ in range(MAX_LAYERS + 2):
        text = quote("!" + text, safe="")

    assert replace_found(text, find) == ""


def test_of_two_finds_that_overlap_the_earlier_kinds_stays() -> None:
    """The others all do, in order."""
    assert merge([(4, 6, "a")], [], [(0, 2, "b"), (5, 9, "c"), (6, 7, "d")]) == [(0, 2, "b"), (4, 6, "a"), (6, 7, "d")]
    assert merge([], []) == merge() == []


def test_what_is_found_in_its_own_replacement_ends() -> None:
    """Such a text is not kept."""
    assert replace_found("a", lambda text: [(0, 1, "aa")] if text else []) == ""


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_is_left_and_nothing_grows(before: str, after: str) -> None:
    """Amid any text."""
    text = f"{before}%73ecret{after}"
    kept = replace_found(text, find)

    assert "secret" not in kept
    assert "secret" not in unquote(kept)
    assert len(kept) <= len(text)


@pytest.mark.parametrize("text", ["\\" * 1_000_000, "\\u" * 50_000])
def test_a_run_of_backslashes_costs_its_length(text: str) -> None:
    """Not its square: then this test would not end within the hour, and one event would hold a worker as long."""
    assert replace_found(text, find) == text
