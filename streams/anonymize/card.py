"""Payment card numbers: digits of a card scheme's range and length that pass the Luhn check."""

import re
from collections.abc import Iterator

import re2

from streams.anonymize.layers import Span, rewrite

CARD = "(card)"
_GAP = r"(?:[ ._+\x{a0}-]|%(?:25)*(?:20|2[bBdD]))"
_RUN = re2.compile(rf"\d(?:{_GAP}?\d){{11,}}")
_GROUP = re.compile(r"%(?:25)*(?:20|2[bBdD])|([0-9]+)")
SHORTEST_CARD, _LONGEST = 12, 19
_MOST_GROUPS = 100

_SCHEMES = re2.compile(
    r"4\d{12}(?:\d{3}|\d{6})?"  # Visa
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d{2})\d{12,15}"  # Discover
    r"|3(?:0[0-5]\d|09\d|[689]\d{2})\d{10,15}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|62\d{14,17}"  # UnionPay
    r"|220[0-4]\d{12,15}"  # Mir
    r"|(?:5[06-8]\d{2}|6\d{3})\d{8,15}"  # Maestro
)
"""Issuer ranges and lengths; they keep most clock readings and order numbers, which one time in ten pass Luhn.

Source: ISO/IEC 7812-1 (issuer numbers, Luhn in annex B); ranges as in en.wikipedia.org/wiki/Payment_card_number.
"""


def redact_cards(text: str) -> str:
    """The text with each card number replaced. A card written beside other digits, with a gap between, is found too."""
    return rewrite(text, find_cards(text))


def find_cards(text: str) -> list[Span]:
    """Where card numbers stand."""
    if not _RUN.search(text):
        return []
    return [span for run in _RUN.finditer(text) for span in _in_run(run.group(), run.start())]


def _in_run(run: str, at: int) -> list[Span]:
    """Cards begin and end where groups of digits do; the longest that fits is taken, the search goes on behind it."""
    groups = [match.span(1) for match in _GROUP.finditer(run) if match.group(1)]
    if len(groups) > _MOST_GROUPS:
        # no one's text; looking at every start would cost an attacker's victim seconds
        return [(at, at + len(run), CARD)]
    spans: list[Span] = []
    first = 0
    while first < len(groups):
        last = max(_ends(run, groups, first), default=None)
        if last is not None:
            spans.append((at + groups[first][0], at + groups[last][1], CARD))
        first = first + 1 if last is None else last + 1
    return spans


def _ends(run: str, groups: list[tuple[int, int]], first: int) -> Iterator[int]:
    """The groups at which a card that begins with group ``first`` may end."""
    digits = ""
    for last in range(first, len(groups)):
        digits += run[slice(*groups[last])]
        if len(digits) > _LONGEST:
            return
        if len(digits) >= SHORTEST_CARD and _SCHEMES.fullmatch(digits) and is_luhn(digits):
            yield last


def is_luhn(digits: str) -> bool:
    """Whether the last digit is right. Source: ISO/IEC 7812-1 annex B."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (doubled + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0
