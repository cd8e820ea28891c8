import base64
import json
import random
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scan.layers import MAX_LAYERS, layers

VALUE = "Alice.Müller@example.com"
ENCODERS: dict[str, Callable[[str], str]] = {
    "percent": lambda text: quote(text, safe=""),
    "percent all": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "escape": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    "escape x": lambda text: "".join(f"\\x{ord(sign):02x}" for sign in text),
    "escape braces": lambda text: "".join(f"\\u{{{ord(sign):x}}}".replace("{", "{00") for sign in text),
    "json": lambda text: json.dumps({"a": text}),
    "entity": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 without end": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
}


def hidden(text: str, value: str = VALUE) -> bool:
    """Whether some layer of the text holds the value."""
    return any(value in layer for _, layer in layers(text))


@pytest.mark.parametrize("name", ENCODERS)
def test_one_encoding_hides_nothing(name: str) -> None:
    """Alone and amid other text."""
    encoded = ENCODERS[name](VALUE)

    assert hidden(encoded)
    assert hidden(f"before {encoded} after")
    assert hidden(f"?mail={encoded}&x=1")


@given(st.lists(st.sampled_from(sorted(ENCODERS)), min_size=1, max_size=4))
def test_encodings_within_encodings_hide_nothing(names: list[str]) -> None:
    """In any order, to four levels."""
    text = VALUE
    for name in names:
        text = ENCODERS[name](text)

    assert hidden(text)


def test_the_way_is_told() -> None:
    """Outermost first."""
    inner = base64.b64encode(VALUE.encode()).decode()
    text = "".join(f"%{sign:02x}" for sign in inner.encode())

    assert list(layers(text)) == [("plain", text), ("percent", inner), ("percent > base64", VALUE)]


@given(st.text(max_size=300))
def test_any_text_is_looked_through_to_an_end(text: str) -> None:
    """Itself first, never the same twice."""
    found = [layer for _, layer in layers(text)]

    assert found[0] == text
    assert len(found) == len(set(found)) <= MAX_LAYERS


def test_a_text_made_to_have_no_end_has_one() -> None:
    """Many tokens, many levels: the work is bounded."""
    text = " ".join(base64.b64encode(f"word {number} {'%41' * 9}".encode()).decode() for number in range(2_000))

    assert len(list(layers(text))) == MAX_LAYERS


def test_ids_and_hashes_are_not_taken_for_text() -> None:
    """Random bytes decode to nothing readable: a scan of ids stays quiet and fast."""
    chance = random.Random(5)

    assert all(len(list(layers(chance.randbytes(16).hex()))) <= 2 for _ in range(2_000))


def test_a_run_of_backslashes_costs_its_length() -> None:
    """Not its square: then a scan of one long value would not end within the hour."""
    assert [via for via, _ in layers("\\" * 1_000_000 + "u0040")] == ["plain", "escape"]
