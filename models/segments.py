"""What one segment of a URL path looks like: a word, a code, or something no page is ever named after."""

import re
from enum import StrEnum
from functools import lru_cache

_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")
_OPAQUE = re.compile(
    r"""
    [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}     # a UUID (RFC 9562)
    | \d{7,}                                        # a long number
    | (?=[^\W_]*\d)(?=[^\W_]*[a-z])[0-9a-f]{12,}    # a hash in hex
    | (?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w-]{20,}      # a token
    | .+(?:@|%40).+                                 # an address
    """,
    re.VERBOSE,
)
_DIGIT = re.compile(r"\d")
_CODE_SHARE = 0.3


class Shape(StrEnum):
    """What a segment without its extension looks like."""

    WORD = "word"
    MIXED = "mixed"
    """A word with a digit or two in it."""
    CODE = "code"
    """Three in ten of its letters and digits, or more, are digits."""
    OPAQUE = "opaque"
    """A UUID, a long number, a hash, a token, an address: an id wherever it stands."""


@lru_cache(maxsize=1 << 16)
def look(segment: str) -> tuple[Shape, str]:
    """Shape and extension: ``guide.html`` is a word with ``.html``. The extension is empty where there is none, or
    nothing before it."""
    match = _EXTENSION.search(segment)
    extension = match[0] if match and match.start() else ""
    return _shape(segment.removesuffix(extension)), extension


def _shape(stem: str) -> Shape:
    digits = len(_DIGIT.findall(stem))
    if not digits and "@" not in stem:
        return Shape.WORD
    if _OPAQUE.fullmatch(stem):
        return Shape.OPAQUE
    letters_and_digits = sum(character.isalnum() for character in stem)
    return Shape.CODE if digits >= _CODE_SHARE * letters_and_digits else Shape.MIXED
