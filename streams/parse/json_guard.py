"""What no JSON body may hold, found before it is decoded."""

import re

from streams.outcome import Dead, Reason

MAX_DEPTH = 40
"""Deepest nesting of objects and arrays. Source: Snowplow Enrich, setting maxJsonDepth (40)."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def unfit(body: bytes) -> Dead | None:
    """Why a body must not be decoded: not UTF-8, an escaped NUL anywhere, nested too deep."""
    try:
        if not body.isascii():
            body.decode()
    except UnicodeDecodeError as error:
        return Dead(Reason.ENCODING, f"byte {error.start} is not UTF-8")
    if b"\\" in body and b"\\u0000" in body and _NUL.search(body):
        return Dead(Reason.ENCODING, "NUL")
    if is_too_deep(body):
        return Dead(Reason.TOO_LARGE, f"nested deeper than {MAX_DEPTH}")
    return None


def is_too_deep(body: bytes) -> bool:
    """True when a body nests deeper than MAX_DEPTH.

    A fixed depth keeps the verdict a function of the bytes: the decoder's own limit depends on the caller's stack.
    """
    return body.count(b"{") + body.count(b"[") > MAX_DEPTH and depth(body) > MAX_DEPTH


def depth(body: bytes) -> int:
    """How deep objects and arrays nest; brackets inside strings, closed or not, do not count."""
    level = deepest = 0
    for token in _TOKEN.findall(body):
        if token in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif token in b"]}":
            level -= 1
    return deepest


def undecoded(body: bytes, message: str) -> Dead:
    """The verdict on a body the JSON decoder refused with ``message``."""
    if b"\0" in body:
        return Dead(Reason.ENCODING, "NUL")
    if _SURROGATE.search(body) and ("surrogate" in message or "truncated" in message):
        return Dead(Reason.ENCODING, "lone surrogate")
    return Dead(Reason.SYNTAX, message)
