"""Texts within JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.json_text import rewrite_texts
from streams.anonymize.text import clean, clean_json

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_nothing_to_rewrite_changes_nothing(value: Any) -> None:
    """But that an empty name goes."""
    found = json.loads(rewrite_texts(json.dumps(value), lambda text: text, 1))

    assert found == json.loads(json.dumps(value), object_hook=lambda pairs: {k: v for k, v in pairs.items() if k})


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"a": "jane@example.com"}, {"a": "(email)"}),
        ({"jane@example.com": 1}, {"(email)": 1}),
        ({"a": [{"b": "at 192.0.2.7"}]}, {"a": [{"b": "at 192.0.2.0"}]}),
        ({"card": 4111111111111111}, {"card": "(card)"}),
        ({"card": 411111111111}, {"card": 411111111111}),
        ({"u": "https://x.example/a?token=1#b"}, {"u": "https://x.example/a"}),
        ({"q": 'say "jane@example.com" \\ twice'}, {"q": 'say "(email)" \\ twice'}),
        ("jane@example.com", "(email)"),
    ],
)
def test_each_value_is_cleaned_by_itself(value: Any, kept: Any) -> None:
    """Names, values and long numbers at any depth; what is left is JSON."""
    assert json.loads(clean_json(json.dumps(value))) == kept


@pytest.mark.parametrize("text", ["{", "by jane@example.com", "[" * 5_000])
def test_what_is_no_json_is_one_text(text: str) -> None:
    """And cleaned as such."""
    assert clean_json(text) == clean(text)
