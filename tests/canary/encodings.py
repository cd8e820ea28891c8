"""How a tracker, a proxy or a form may write a value."""

import json
from collections.abc import Callable
from urllib.parse import quote


def percent_all(text: str) -> str:
    """Every byte."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def percent_twice(text: str) -> str:
    """The per cent signs encoded again."""
    return quote(percent_all(text), safe="")


def mixed_case(text: str) -> str:
    """Every second letter in capitals."""
    return "".join(sign.upper() if place % 2 else sign for place, sign in enumerate(text))


def escaped(text: str) -> str:
    """As JavaScript and JSON may write any sign."""
    return "".join(f"\\u{ord(sign):04x}" for sign in text)


ENCODINGS: list[Callable[[str], str]] = [
    str,
    lambda text: quote(text, safe=""),
    lambda text: quote(text, safe="@"),
    percent_all,
    percent_twice,
    mixed_case,
    escaped,
    lambda text: json.dumps({"note": text, "deep": {"er": [text]}}),
]
