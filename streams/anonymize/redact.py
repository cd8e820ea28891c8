"""E-mail addresses and payment cards in any text, plain or percent-encoded, become a word that says what was there."""

from urllib.parse import quote, unquote

import re2

from streams.anonymize.card import redact_cards
from streams.memo import remember

EMAIL = "(email)"
_MAX_DECODES = 5
_SAFE = "/:?#[]@!$&'()*+,;=%~"  # RFC 3986 reserved characters, so that a decoded URL stays one

# Signs that part words in URLs end the local part, unless it is nothing but such a sign.
_LOCAL = r"""(?:"[^"@]{1,64}"|[^\s@＠"<>()\[\]\\,;:/?&=#|]+|[/?&=#|])"""
_AT = r"(?:@|＠|%(?:25)*40|&#0*64;|&#[xX]0*40;|&commat;|\\u0040)"
_DOT = r"(?:\.|%(?:25)*2[eE])"
_LABEL = r"[\pL\pN_-]+"
_EMAIL = re2.compile(rf"{_LOCAL}{_AT}(?:{_LABEL}(?:{_DOT}{_LABEL})+|\[[0-9A-Fa-f:.]+\])")
"""Wider than RFC 5322 §3.4.1 where it costs nothing: letters of any script (RFC 6531), encoded signs, literals."""


def _once(text: str) -> str:
    if "@" in text or "%" in text or "&" in text or "＠" in text or "\\" in text:
        text = _EMAIL.sub(EMAIL, text)
    return redact_cards(text) if len(text) >= 12 else text


def _redact(text: str) -> str:
    try:
        clean = _once(text)
        return _redact_encoded(clean) if "%" in clean else clean
    except (UnicodeError, ValueError, re2.error):
        return ""  # lone surrogates, say: what cannot be searched cannot be kept


def _redact_encoded(text: str) -> str:
    """Percent-encoding, in layers even, can hide a pattern: where a layer shows one, that layer is what is kept."""
    layer = text
    for _ in range(_MAX_DECODES):
        decoded = unquote(layer)
        if decoded == layer:
            return text
        clean = _once(decoded)
        if clean != decoded:
            return _redact(quote(clean, safe=_SAFE))
        layer = decoded
    return ""  # more layers than anyone writes by accident


redact = remember(_redact)
"""The text without e-mail addresses and payment cards; empty when it cannot be searched (the caller counts that)."""
