"""Texts within JSON: each name and value by itself, so that what is cut out leaves JSON."""

from collections.abc import Callable

import msgspec

Rewrite = Callable[[str], str]


def rewrite_texts(text: str, rewrite: Rewrite) -> str:
    """The JSON ``text`` with each of its texts, and each number that reads like one to hide, rewritten.

    What is no JSON, or nests too deep, is rewritten as one text. A name of which nothing is left goes with its value.
    """
    try:
        return msgspec.json.encode(_rewritten(msgspec.json.decode(text), rewrite)).decode()
    except (msgspec.MsgspecError, UnicodeError, ValueError, RecursionError):
        return rewrite(text)


def _rewritten(value: object, rewrite: Rewrite) -> object:
    if isinstance(value, str):
        return rewrite(value) if value else value
    if isinstance(value, dict):
        pairs = ((rewrite(name) if name else "", item) for name, item in value.items())
        return {name: _rewritten(item, rewrite) for name, item in pairs if name}
    if isinstance(value, list):
        return [_rewritten(item, rewrite) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = str(value)
        return value if (changed := rewrite(text)) == text else changed
    return value
