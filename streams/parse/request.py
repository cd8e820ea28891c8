"""The request of a log line: its method, its target, and whether it asks for a page."""

import re

_REQUEST = re.compile(r"([A-Za-z][A-Za-z-]*+) ([^ ].*) HTTP/[0-9](?:\.[0-9])?", re.DOTALL)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+://[^/?]*+")

_TEXTS = ("css", "js", "mjs", "map", "xml", "txt", "webmanifest")
_IMAGES = ("png", "jpg", "jpeg", "gif", "svg", "svgz", "webp", "avif", "bmp", "tif", "tiff", "ico", "cur")
_FONTS = ("woff", "woff2", "ttf", "otf", "eot")
STATIC = frozenset(_TEXTS + _IMAGES + _FONTS)
"""File extensions that are parts of pages, not pages."""


def split_request(request: str) -> tuple[str, str]:
    """(method, target) of ``GET /path?query HTTP/1.1``, the target as sent; two empty texts where it has not that form
    (``-``, TLS bytes, HTTP/0.9). A target may hold spaces. Source: RFC 9112 §3."""
    match = _REQUEST.fullmatch(request)
    return (match[1], match[2]) if match else ("", "")


def is_static(target: str) -> bool:
    """True when the target's path ends in the extension of a static asset."""
    if target[:1] != "/":
        target = _ABSOLUTE.sub("", target, count=1)
    return target.partition("?")[0].rpartition(".")[2].lower() in STATIC
