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

_SCHEMES = re.compile(
    r"4[0-9]{12}(?:[0-9]{3}|[0-9]{6})?"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12,15}"  # Discover
    r"|3(?:0[0-5][0-9]|09[0-9]|[689][0-9]{2})[0-9]{10,15}"  # Diners Club
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12,15}"  # JCB
    r"|62[0-9]{14,17}"  # UnionPay
    r"|220[0-4][0-9]{12,15}"  # Mir
    r"|(?:5[06-8][0-9]{2}|6[0-9]{3})[0-9]{8,15}",  # Maestro
    re.ASCII,
)
"""Issuer ranges and lengths; they keep most clock readings and order numbers, which one time in ten pass Luhn.

Source: ISO/IEC 7812-1 (issuer numbers, Luhn in annex B); ranges as in en.wikipedia.org/wiki/Payment_card_number.
"""


_FIRST_DIGITS = "23456"
"""Of all schemes."""


def may_hold(text: str) -> bool:
    """Whether so many digits follow each other but for gaps that are not encoded.

    C changes and removes bytes faster than an expression looks at them.
    """
    raw = text.encode() if text.isascii() else _FOREIGN_GAP.sub("", text).encode("utf-8", "surrogatepass")
    return raw.translate(_ALIKE, _ASCII_GAPS).find(_DIGITS) >= 0  # `in` first tries to read the digits as a number


def may_act(text: str) -> bool:
    """Whether there is a card in a text that hides nothing, or in a value of it if it is JSON.

    Ids have many digits, and so some look like a card at first sight.
    """
    return may_hold(text) and (bool(find_cards(text)) or bool(may_be_written_anew(text)))


HINT = Digits(may_act, SHORTEST_CARD, _ASCII_GAPS)


def find_cards(text: str) -> list[Span]:
    """Where card numbers stand. One written beside other digits, with a gap between, is found too."""
    if "%" not in text and not may_hold(text):
        return []
    return [span for run in _RUN.finditer(text) for span in _in_run(run.group(), run.start())]


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
        if first >= done and group[0] in _FIRST_DIGITS and (last := _last(digits, first)) is not None:
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
        if len(digits) >= SHORTEST_CARD and _SCHEMES.fullmatch(digits) and is_luhn(digits):
            found = last
    return found


def is_luhn(digits: str) -> bool:
    """Whether the last digit is right. Source: ISO/IEC 7812-1 annex B."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (doubled + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0
