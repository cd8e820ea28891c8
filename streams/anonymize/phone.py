"""Telephone numbers: international ones, and national ones where their writing shows that they are some."""

import re

import re2

from streams.anonymize.layers import Span

PHONE = "(phone)"
_SEP = r"[ ./ \x{2011}-]"
_PHONE = re2.compile(
    rf"(?:\+|00){_SEP}?\(?\d\)?(?:{_SEP}{{0,2}}\(?\d\)?){{6,14}}"  # +49 (0)30 901820
    r"|\(\d{3}\) ?\d{3}[ .-]?\d{4}"  # (415) 555-0132
    r"|\d{3}[.-]\d{3}[.-]\d{4}"  # 415-555-0132
    rf"|\(?0[1-9]\d{{0,4}}\)?{_SEP}{{1,2}}\d(?:{_SEP}?\d){{4,9}}"  # 030 901820, 020 7946 0018
)
"""Source: ITU-T E.164 (at most 15 digits), E.123 (how numbers are written); NANP: nationalnanpa.com (ten digits)."""
may_hold = re.compile(r"\d(?:[ ./()\u2011-]{0,4}\d){6}").search
"""Whether there may be one in a text."""
_FEWEST, _MOST = 7, 16


def find_phones(text: str) -> list[Span]:
    """Where numbers stand that are no part of a longer word or number."""
    return [(*match.span(), PHONE) for match in _PHONE.finditer(text) if _alone(text, *match.span())]


def _alone(text: str, start: int, end: int) -> bool:
    before, behind = text[start - 1 : start], text[end : end + 1]
    digits = sum(sign.isdigit() for sign in text[start:end])
    if before.isalnum() or before == "_" or behind.isalnum():
        return False
    return _FEWEST <= digits <= _MOST
