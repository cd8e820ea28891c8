"""URL paths as templates: /user/123 becomes /user/:id, so that a path names a page and no person."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from streams.anonymize.action import TextAction
from streams.anonymize.layers import MAX_LAYERS, decode_layer, is_encoded
from streams.anonymize.ruleset import OwnPattern, UrlTemplate, compile_pattern
from streams.anonymize.url import Base, UrlAction
from streams.anonymize.urls import make_url
from streams.memo import remember

_BUILT_IN = {
    # Source: RFC 9562 §4 (text form), also in braces
    "uuid": (r"\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?", ":id"),
    "number": (r"[#@+-]?\d+(?:[._,-]\d+)*", ":id"),
    # MD5, SHA and their kin in hex, shortened ones as of Git too; long base64url with digits, as of tokens
    "hash": (r"[0-9A-Fa-f]{7,128}", ":hash"),
    "email": (r"[^@]+@[^@]+\.[^@]+", ":email"),
}
"""Kind → what a whole segment must fit, and what stands instead; in this order."""
_TOKEN = re.compile(r"[0-9A-Za-z_=-]{20,}")
_PARTS = re.compile(r"[_=-]+")
_LONG_PART = 12
_TEXT_ONLY = ":text"
Test = Callable[[str], str]
"""From a decoded segment to its placeholder; empty where it is none."""


def make_template(rule: UrlTemplate) -> UrlAction:
    """Segments are compared decoded. A segment encoded more often than anyone writes becomes ``:text``."""
    segment_of = remember(_make_segment([_make_test(kind) for kind in rule.segments]))
    routes = [_make_route(route) for route in rule.routes]

    def base(head: str, path: str) -> Base:
        if head and "//" not in head:  # mailto: and the like: what stands behind is no path
            return head, path
        return head, next((found for route in routes if (found := route(path))), None) or _each(path, segment_of)

    return UrlAction(base=base)


def make_text_template(rule: UrlTemplate) -> TextAction:
    """The same for a text that is a URL or a path."""
    run = make_url([make_template(rule)])
    return TextAction(lambda text: run(text)[0])


def _each(path: str, segment_of: Callable[[str], str]) -> str:
    return "/".join([segment and segment_of(segment) for segment in path.split("/")])


def _make_segment(tests: Sequence[Test]) -> Callable[[str], str]:
    def segment_of(segment: str) -> str:
        decoded = segment
        for _ in range(MAX_LAYERS):
            for test in tests:
                if found := test(decoded):
                    return found
            if not is_encoded(decoded):
                return segment
            decoded = decode_layer(decoded)
        return _TEXT_ONLY

    return segment_of


def _make_test(kind: str | OwnPattern) -> Test:
    pattern, word = (kind.pattern, f":{kind.name}") if isinstance(kind, OwnPattern) else _BUILT_IN[kind]
    fits: Any = compile_pattern(pattern).fullmatch
    if kind != "hash":
        return lambda segment: word if fits(segment) is not None else ""
    return lambda segment: word if (_is_mixed(segment) and fits(segment)) or _is_token(segment) else ""


def _is_mixed(text: str) -> bool:
    return not text.isalpha() and not text.isdigit()


def _is_token(segment: str) -> bool:
    """Whether it is long and has a long part of letters and digits; words with a year behind them have none."""
    if _TOKEN.fullmatch(segment) is None:
        return False
    return any(len(part) >= _LONG_PART and part.isalnum() and _is_mixed(part) for part in _PARTS.split(segment))


def _make_route(route: str) -> Callable[[str], str]:
    """From a path to the route it fits; empty where it does not. ``*`` at the end stands for any rest."""
    wanted = route.split("/")

    def fit(path: str) -> str:
        given = path.split("/")
        open_end = wanted[-1] == "*"
        if len(given) != len(wanted) and not (open_end and len(given) >= len(wanted)):
            return ""
        pairs = list(zip(wanted[:-1] if open_end else wanted, given, strict=False))
        fits = all(bool(segment) if want.startswith(":") else want == segment for want, segment in pairs)
        return route if fits else ""

    return fit
