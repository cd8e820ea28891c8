"""Bank account numbers: a country's code, two check digits, as many characters as that country's accounts have."""

import re

import re2

from streams.anonymize.layers import Span

IBAN = "(iban)"
may_hold = re.compile(r"[A-Za-z]{2}\d\d(?:[ .-]?[0-9A-Za-z]){11}").search
"""Whether there may be one in a text."""
_START = re2.compile(r"[A-Za-z]{2}\d\d")
_GAPS = " .- "
_CHECK = 97

_LENGTHS = {
    country: int(length)
    for length, countries in (
        ("15", "NO"), ("16", "BE"), ("18", "DK FI FK FO GL NL SD"), ("19", "MK SI"), ("20", "AT BA EE KZ LT LU MN XK"),
        ("21", "CH HR LI LV"), ("22", "BG BH CR DE GB GE IE ME RS VA"), ("23", "AE GI IL IQ OM SO TL"),
        ("24", "AD CZ ES MD PK RO SA SE SK TN VG"), ("25", "LY PT ST"), ("26", "IS TR"),
        ("27", "BI DJ FR GR IT MC MR SM"), ("28", "AL AZ BY CY DO GT HN HU LB NI PL SV"), ("29", "BR EG PS QA UA"),
        ("30", "JO KW MU YE"), ("31", "MT SC"), ("32", "LC"), ("33", "RU"),
    )
    for country in countries.split()
}  # fmt: skip
"""Source: ISO 13616-1; the IBAN registry published by SWIFT (length per country)."""


def find_ibans(text: str) -> list[Span]:
    """Where account numbers stand, with or without gaps between their groups."""
    spans: list[Span] = []
    done = 0
    for match in _START.finditer(text):
        start = match.start()
        if start < done or (start and text[start - 1].isalnum()):
            continue
        length = _LENGTHS.get(match.group()[:2].upper())
        end = _end(text, start, length) if length else None
        if end is not None:
            spans.append((start, end, IBAN))
            done = end
    return spans


def _end(text: str, start: int, length: int) -> int | None:
    """Where a number of ``length`` characters with right check digits ends; None where none begins here."""
    characters, at = "", start
    while len(characters) < length and at < len(text):
        sign = text[at]
        if sign.isascii() and sign.isalnum():
            characters += sign.upper()
        elif sign not in _GAPS or text[at - 1] in _GAPS:
            return None
        at += 1
    follows = at < len(text) and text[at].isalnum()
    return at if len(characters) == length and not follows and is_iban(characters) else None


def is_iban(characters: str) -> bool:
    """Whether the check digits are right. Source: ISO 7064, MOD 97-10; ISO 13616-1 annex B."""
    moved = characters[4:] + characters[:4]
    return int("".join(str(int(sign, 36)) for sign in moved)) % _CHECK == 1
