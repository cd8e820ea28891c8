"""Texts within JSON: each name and value by itself, so that what is cut out leaves JSON."""

from collections.abc import Callable

import msgspec

Rewrite = Callable[[str], str]


def rewrite_texts(text: str, rewrite: Rewrite, digits: int) -> str:
    """The JSON ``text`` with each of its texts, and each number of so many digits or more, rewritten.

    What is no JSON, or nests too deep, is rewritten as one text. A name of which nothing is left goes with its value.
    """
    try:
        return msgspec.json.encode(_rewritten(msgspec.json.decode(text), rewrite, 10 ** (digits - 1))).decode()
    except (msgspec.MsgspecError, UnicodeError, ValueError, RecursionError):
        return rewrite(text)


def _rewritten(value: object, rewrite: Rewrite, least: int) -> object:
    if isinstance(value, str):
        return rewrite(value)
    if isinstance(value, dict):
        kept = {}
        for name, item in value.items():
            name = rewrite(name)  # noqa: PLW2901 - the old name must not be used again
            if name:
                kept[name] = rewrite(item) if type(item) is str else _rewritten(item, rewrite, least)
        return kept
    if isinstance(value, list):
        return [_rewritten(item, rewrite, least) for item in value]
    if value is None or isinstance(value, bool) or (isinstance(value, int) and -least < value < least):
        return value
    text = str(value)
    return value if (changed := rewrite(text)) == text else changed
