"""Payment card numbers: digits of a card scheme's range and length that pass the Luhn check."""

import re
from collections.abc import Sequence

from streams.anonymize.layers import Span
from streams.anonymize.look import Digits
from streams.anonymize.tree import may_be_written_anew

CARD = "(card)"
_UNSEEN = "\xad\u200b-\u200d\u2010-\u2015\u2060\u2212\ufe58\ufe63\uff0d\ufeff"
"""Dashes, and signs that are not seen at all."""
_GAP = rf"(?:[\s._+{_UNSEEN}-]|%(?:25)*+(?:20|2[bBdD]))"
_RUN = re.compile(rf"[0-9](?:{_GAP}{{0,3}}+[0-9]){{11,}}+")
"""There is one way to read each sign, so nothing is tried twice."""
_GROUP = re.compile(r"%(?:25)*(?:20|2[bBdD])|([0-9]+)")
SHORTEST_CARD, _LONGEST = 12, 19
_MOST_GROUPS = 100
_FOREIGN_GAP = re.compile(rf"[^\S\x00-\x7f]|[{_UNSEEN}]")
_ASCII_GAPS = b" -._+\t\n\r\v\f\x1c\x1d\x1e\x1f"
_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
_DIGITS = b"0" * SHORTEST_CARD

_NUMBER = (
    r"4[0-9]{12}(?:[0-9]{3}|[0-9]{6})?"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12,15}"  # Discover
    r"|3(?:0[0-5][0-9]|09[0-9]|[689][0-9]{2})[0-9]{10,15}"  # Diners Club
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12,15}"  # JCB
    r"|62[0-9]{14,17}"  # UnionPay
    r"|220[0-4][0-9]{12,15}"  # Mir
    r"|(?:5[06-8][0-9]{2}|6[0-9]{3})[0-9]{8,15}"  # Maestro
)
"""Issuer ranges and lengths; they keep most clock readings and order numbers, which one time in ten pass Luhn.

Source: ISO/IEC 7812-1 (issuer numbers, Luhn in annex B); ranges as in en.wikipedia.org/wiki/Payment_card_number.
"""


_FIRST_DIGITS = frozenset(b"23456")
"""Of all schemes."""
_is_number = re.compile(_NUMBER).fullmatch
_begins = re.compile(_NUMBER.encode()).match
_DIGITS_ALONE = bytes(sign if chr(sign) in "0123456789" else 32 for sign in range(256))
_MOST_DIGITS = 40
_VALUES, _DOUBLED = (
    bytes.maketrans(b"0123456789", bytes(values)) for values in (range(10), (0, 2, 4, 6, 8, 1, 3, 5, 7, 9))
)


def may_hold(text: str) -> bool:
    """Whether so many digits follow each other but for gaps that are not encoded.

    C changes and removes bytes faster than an expression looks at them.
    """
    return _bytes_of(text).translate(_ALIKE, _ASCII_GAPS).find(_DIGITS) >= 0  # `in` first tries to read a number


def may_act(text: str) -> bool:
    """Whether there is a card in a text that hides nothing, or in a value of it if it is JSON.

    Ids have many digits, and so some look like a card at first sight.
    """
    return may_hold(text) and _acts_on_digits(text)


def _acts_on_digits(text: str) -> bool:
    """The same for a text that may hold one."""
    return bool((_may_be_one(text) or "%" in text) and _cards_in(text)) or may_be_written_anew(text) is not None


HINT = Digits(may_act, SHORTEST_CARD, _ASCII_GAPS, _acts_on_digits)


def find_cards(text: str) -> list[Span]:
    """Where card numbers stand. One written beside other digits, with a gap between, is found too."""
    if "%" not in text and not (may_hold(text) and _may_be_one(text)):
        return []
    return _cards_in(text)


def _cards_in(text: str) -> list[Span]:
    return [span for run in _RUN.finditer(text) for span in _in_run(run.group(), run.start())]


def _may_be_one(text: str) -> bool:
    """Whether some digits, gaps between them or not, are a card's number, wherever it may begin and end.

    Hardly any id's are, and it costs less to tell than where groups of digits begin and end.
    """
    for digits in _bytes_of(text).translate(_DIGITS_ALONE, _ASCII_GAPS).split():
        size = len(digits)
        if size > _MOST_DIGITS:
            return True
        for start in range(size - SHORTEST_CARD + 1):
            if digits[start] in _FIRST_DIGITS and _begins_with_number(digits[start : start + _LONGEST]):
                return True
    return False


def _begins_with_number(digits: bytes) -> bool:
    return _begins(digits) is not None and any(
        _is_number(text := digits[:size].decode()) and is_luhn(text) for size in range(SHORTEST_CARD, len(digits) + 1)
    )


def _bytes_of(text: str) -> bytes:
    return text.encode() if text.isascii() else _FOREIGN_GAP.sub("", text).encode("utf-8", "surrogatepass")


def _in_run(run: str, at: int) -> list[Span]:
    """Cards begin and end where groups of digits do; the longest that fits is taken, the search goes on behind it."""
    groups = [match.span(1) for match in _GROUP.finditer(run) if match.lastindex]
    if len(groups) > _MOST_GROUPS:
        # no one's text; looking at every start would cost an attacker's victim seconds
        return [(at, at + len(run), CARD)]
    digits = [run[start:end] for start, end in groups]
    left = sum(map(len, digits))
    spans: list[Span] = []
    done = 0
    for first, group in enumerate(digits):
        if left < SHORTEST_CARD:
            break
        left -= len(group)
        if first >= done and ord(group[0]) in _FIRST_DIGITS and (last := _last(digits, first)) is not None:
            spans.append((at + groups[first][0], at + groups[last][1], CARD))
            done = last + 1
    return spans


def _last(groups: Sequence[str], first: int) -> int | None:
    """The last group of the longest card that begins with group ``first``; None where none does."""
    digits, found = "", None
    for last in range(first, len(groups)):
        digits += groups[last]
        if len(digits) > _LONGEST:
            break
        if len(digits) >= SHORTEST_CARD and _is_number(digits) and is_luhn(digits):
            found = last
    return found


def is_luhn(digits: str) -> bool:
    """Whether the last digit is right. Source: ISO/IEC 7812-1 annex B."""
    raw = digits.encode()
    return (sum(raw[-1::-2].translate(_VALUES)) + sum(raw[-2::-2].translate(_DOUBLED))) % 10 == 0
