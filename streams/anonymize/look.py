"""One look at a text for all that several actions wait for: most texts hold nothing, and cost no more than it."""

from collections.abc import Callable, Sequence

import msgspec

Hint = Callable[[str], object]
"""Whether there may be something in a text."""

_FOUND, _DIGIT = b"!", b"0"
_ALIKE = bytes(48) + _DIGIT * 10 + bytes(198)
"""Every digit as one, all else as nothing."""


def anything(_text: str) -> bool:
    """A hint that rules nothing out."""
    return True


class Signs(msgspec.Struct, frozen=True):
    """The hint that one of these characters stands in a text."""

    signs: str

    def __call__(self, text: str) -> bool:
        """Whether one does."""
        return any(sign in text for sign in self.signs)


class Digits(msgspec.Struct, frozen=True):
    """The hint ``test``, which holds for no ASCII text without ``least`` digits in a row, ``gaps`` between them or not.

    ``gaps`` are ASCII, and neither digits nor signs of a Signs. ``rest`` is what is left to ask of a text with such
    digits.
    """

    test: Hint
    least: int
    gaps: bytes
    rest: Hint

    def __call__(self, text: str) -> object:
        """Whether the test holds."""
        return self.test(text)


def make_look(hints: Sequence[Hint]) -> Hint:
    """Whether any of the hints holds for a text; those that are about characters are asked together."""
    signs = "".join(dict.fromkeys(sign for hint in hints if isinstance(hint, Signs) for sign in hint.signs))
    digits = next((hint for hint in hints if isinstance(hint, Digits)), _NO_DIGITS)
    other = _any_of([hint for hint in hints if not isinstance(hint, Signs) and hint is not digits])
    table = _table_of(signs.encode("ascii", "ignore"))
    gaps, run, rest = digits.gaps, _DIGIT * digits.least, digits.rest

    def look(text: str) -> object:
        if text.isascii():
            # C changes and removes bytes faster than an expression looks at them
            seen = text.encode().translate(table, gaps)
            if seen.find(_FOUND) >= 0 or (seen.find(run) >= 0 and rest(text)):
                return True
        elif digits.test(text) or any(sign in text for sign in signs):
            return True
        return other(text)

    return look


def _any_of(hints: Sequence[Hint]) -> Hint:
    if len(hints) == 1:
        return hints[0]

    def any_holds(text: str) -> bool:
        for hint in hints:  # noqa: SIM110 - any() costs as much as the hints do
            if hint(text):
                return True
        return False

    return any_holds


def _table_of(signs: bytes) -> bytes:
    table = bytearray(_ALIKE)
    for sign in signs:
        table[sign] = _FOUND[0]
    return bytes(table)


def _never(_text: str) -> bool:
    return False


_NO_DIGITS = Digits(_never, 1, b"", _never)
