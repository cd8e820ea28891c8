"""A text and all it may hide: percent-encoding, escapes, entities, base64, hex, each inside the others."""

import base64
import binascii
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote

Layer = tuple[str, str]
"""(How it was encoded, outermost first, "plain" for the text itself; the decoded text)."""

MAX_DEPTH = 6
MAX_LAYERS = 400
"""Layers of one text that are looked at: it may be made to have without end."""
_ESCAPE = re.compile(r"(?<!\\)\\++(?:u\{?([0-9A-Fa-f]{4,6})\}?|x([0-9A-Fa-f]{2}))|%u([0-9A-Fa-f]{4})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}){6,}(?![0-9A-Fa-f])")
_URL_SAFE = str.maketrans("-_", "+/")
_MOST_ODD = 0.1


def layers(text: str) -> Iterator[Layer]:
    """The text, then all that can be decoded in it, breadth first; each text once."""
    waiting: list[tuple[str, str, int]] = [("plain", text, 0)]
    seen = {text}
    for via, layer, depth in waiting:
        yield via, layer
        if depth == MAX_DEPTH:
            continue
        for name, decoded in _decoded(layer):
            if decoded not in seen and len(waiting) < MAX_LAYERS:
                seen.add(decoded)
                waiting.append((name if via == "plain" else f"{via} > {name}", decoded, depth + 1))


def _decoded(text: str) -> Iterator[Layer]:
    if "%" in text:
        yield "percent", unquote(text, errors="replace")
    if "\\" in text or "%u" in text:
        yield "escape", _ESCAPE.sub(_character, text)
    if "&" in text:
        yield "entity", unescape(text)
    for match in _BASE64.finditer(text):
        yield from _base64(match[0])
    for match in _HEX.finditer(text):
        yield from (("hex", decoded) for decoded in _readable(bytes.fromhex(match[0])))


def _character(match: re.Match[str]) -> str:
    code = int(next(group for group in match.groups() if group), 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else match[0]


def _base64(token: str) -> Iterator[Layer]:
    """Standard and URL-safe. Source: RFC 4648 §4, §5. A sign too many at the end belongs to what stands behind."""
    signs = token.translate(_URL_SAFE)
    if len(signs) % 4 == 1:
        signs = signs[:-1]
    try:
        raw = base64.b64decode(signs + "=" * (-len(signs) % 4), validate=True)
    except (binascii.Error, ValueError):
        return
    for decoded in _readable(raw):
        yield "base64", decoded


def _readable(raw: bytes) -> Iterator[str]:
    """The text of bytes that are one; most tokens are not."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return
    odd = sum(not sign.isprintable() and sign not in "\t\r\n" for sign in text)
    if text and odd <= len(text) * _MOST_ODD:
        yield text
