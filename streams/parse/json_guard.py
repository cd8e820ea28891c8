"""What no JSON body may hold, found before it is decoded."""

import re
from collections.abc import Callable
from itertools import accumulate
from typing import TypeVar

import msgspec

from streams.outcome import Dead, Reason

MAX_DEPTH = 40
"""Deepest nesting of objects and arrays. Source: Snowplow Enrich, setting maxJsonDepth (40)."""

BODY_DEPTH = 200
"""Deepest nesting at which the events of a body can still be told apart; far below the decoder's own limit."""

T = TypeVar("T")

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
"""A pair of surrogates; half of one (the group); any other escape."""
_HALVES = ("surrogate", "truncated", "hex escape")
"""Words of the decoder where it meets half of a pair."""
_NO_BRACKET = bytes(set(range(256)) - set(b'"[]{}'))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def unfit(body: bytes, max_depth: int = MAX_DEPTH) -> Dead | None:
    """Why a body must not be decoded: nested too deep, not UTF-8, an escaped NUL anywhere."""
    if is_too_deep(body, max_depth):
        return Dead(Reason.TOO_LARGE, f"nested deeper than {max_depth}")
    try:
        if not body.isascii():
            body.decode()
    except UnicodeDecodeError as error:
        return Dead(Reason.ENCODING, f"byte {error.start} is not UTF-8")
    if b"\\" in body and b"\\u0000" in body and _NUL.search(body):
        return Dead(Reason.ENCODING, "NUL")
    return None


def is_too_deep(body: bytes, max_depth: int = MAX_DEPTH) -> bool:
    """True when a body nests deeper than ``max_depth``.

    A fixed depth keeps the verdict a function of the bytes: the decoder's own limit depends on the caller's stack.
    """
    return body.count(b"{") + body.count(b"[") > max_depth and depth(body) > max_depth


def depth(body: bytes) -> int:
    """How deep objects and arrays nest; brackets inside strings, closed or not, do not count."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = b"".join(body.translate(None, _NO_BRACKET).split(b'"')[::2])
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def decoded(decode: Callable[[bytes], T], body: bytes) -> T | Dead:
    """What ``decode`` (msgspec's, of JSON) makes of a body, or why it cannot."""
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        return invalid(str(error))
    except msgspec.DecodeError as error:
        return _undecoded(body, str(error))
    except UnicodeDecodeError as error:
        return Dead(Reason.ENCODING, f"byte {error.start} of a text is not UTF-8")


def decoded_apart(decode: Callable[[bytes], T], body: bytes, flaw: Dead | None) -> tuple[T | Dead, Dead | None]:
    """``decoded`` for a body that holds events undecoded, and why one of them may be unfit (``flaw``, if known).

    The decoder stops at half a surrogate pair even where it decodes nothing: such halves become NULs, as long as they
    are, so that only their own event is refused.
    """
    found = decoded(decode, body)
    if isinstance(found, Dead) and found.reason is Reason.ENCODING and _SURROGATE.search(body):
        mended = _ESCAPE.sub(lambda escape: rb"\u0000" if escape[1] else escape[0], body)
        if mended != body:
            return decoded(decode, mended), found
    return found, flaw


def invalid(message: str) -> Dead:
    """The verdict on values that a decoder refused with ``message``."""
    too_large = " of length <= " in message or "out of range" in message
    return Dead(Reason.TOO_LARGE if too_large else Reason.FIELD_TYPE, message)


def _undecoded(body: bytes, message: str) -> Dead:
    if b"\0" in body:
        return Dead(Reason.ENCODING, "NUL")
    if _SURROGATE.search(body) and any(word in message for word in _HALVES):
        return Dead(Reason.ENCODING, "lone surrogate")
    return Dead(Reason.SYNTAX, message)
