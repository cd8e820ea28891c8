"""What is personal in any text, plain or percent-encoded: e-mail addresses, payment cards, network addresses."""

import re2

from streams.anonymize.address import find_addresses
from streams.anonymize.card import SHORTEST_CARD, find_cards
from streams.anonymize.layers import Span, merge, replace_found
from streams.memo import remember

EMAIL = "(email)"

# Signs that part words in URLs end the local part, unless it is nothing but such a sign.
_LOCAL = r"""(?:"[^"@]{1,64}"|[^\s@＠"<>()\[\]\\,;:/?&=#|]+|[/?&=#|])"""
_AT = r"(?:@|＠|%(?:25)*40|&#0*64;|&#[xX]0*40;|&commat;|\\u0040)"
_DOT = r"(?:\.|%(?:25)*2[eE])"
_LABEL = r"[\pL\pN_-]+"
_EMAIL = re2.compile(rf"{_LOCAL}{_AT}(?:{_LABEL}(?:{_DOT}{_LABEL})+|\[[0-9A-Fa-f:.]+\])")
"""Wider than RFC 5322 §3.4.1 where it costs nothing: letters of any script (RFC 6531), encoded signs, literals."""


def _find_names(text: str) -> list[Span]:
    cards = find_cards(text) if len(text) >= SHORTEST_CARD else []
    if ("@" in text or "%" in text or "&" in text or "＠" in text or "\\" in text) and _EMAIL.search(text):
        return merge([(match.start(), match.end(), EMAIL) for match in _EMAIL.finditer(text)], cards)
    return cards


def _find_all(text: str) -> list[Span]:
    return merge(_find_names(text), find_addresses(text))


def _redact(text: str) -> str:
    try:
        return replace_found(text, _find_all)
    except (UnicodeError, ValueError, re2.error):
        return ""  # lone surrogates, say: what cannot be searched cannot be kept


def _redact_names(text: str) -> str:
    try:
        return replace_found(text, _find_names)
    except (UnicodeError, ValueError, re2.error):
        return ""


redact = remember(_redact)
"""The text without e-mail addresses and payment cards, network addresses cut to their networks; empty when it cannot be
searched (the caller counts that)."""

redact_names = remember(_redact_names)
"""The same, but network addresses stay: for user agents, whose versions look like them, and for hosts of URLs."""
