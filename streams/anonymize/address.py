"""Network addresses written anywhere in a text, cut to their network like the event's own."""

import re

from streams.anonymize.ip import truncate
from streams.anonymize.layers import Span, merge

ADDRESS = "(ip)"
"""Stands for what looks like an IPv6 address and cannot be read as one."""

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})"
_V4 = re.compile(rf"(?<![0-9])(?:{_OCTET}\.){{3}}({_OCTET})(?![0-9])")
"""Zeros in front, as some logs pad, included. A fifth part behind is a port in some tools' writing."""

_V6_RUN = re.compile(r"(?<![0-9A-Za-z])([0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*+)([0-9A-Za-z]?)")
"""A run of groups and, where a word goes on right behind it, that word's first sign. Source: RFC 4291 §2.2."""
_LONGEST_V6 = 45
_COLONS, DOTS = 7, 3
FEWEST_COLONS = _COLONS - 1
"""Of an IPv6 address without ``::``, whose last part may be written as IPv4."""


def find_addresses(text: str) -> list[Span]:
    """Each IPv4 and IPv6 address in ``text`` that is not yet its network: to /24, to /48.

    Numbers of four parts below 256, as versions are, look the same, and lose their last part too.
    """
    v6: list[Span] = []
    v4: list[Span] = []
    if "::" in text or text.count(":") >= FEWEST_COLONS:
        v6 = [span for match in _V6_RUN.finditer(text) for span in _network(match)]
    if text.count(".") >= DOTS:
        v4 = [(*match.span(1), "0") for match in _V4.finditer(text) if match[1] != "0"]
    return merge(v6, v4)


def _network(match: re.Match[str]) -> list[Span]:
    run, glued = match.groups()
    colons = run.count(":")
    if "::" not in run and colons < _COLONS and not (colons == _COLONS - 1 and "." in run):
        return []  # a clock's time, a hardware address
    if glued:  # "::before" is no address
        return [(*match.span(1), ADDRESS)] if len(run.replace(".", ":").strip(":").split(":")) > 2 else []
    start, end = match.span(1)
    core = run.rstrip(".")
    last, first = _too_many(len(core) - len(core.rstrip(":"))), _too_many(len(core) - len(core.lstrip(":")))
    end -= len(run) - len(core) + last
    start += first
    core = core[first : len(core) - last]
    if not core.strip(":."):
        return []
    network = (truncate(core) if len(core) <= _LONGEST_V6 else "") or ADDRESS
    return [(start, end, network)] if network != core else []


def _too_many(colons: int) -> int:
    """How many of the colons at an end belong to no address: it has two there, or none."""
    return colons - 2 if colons > 1 else colons
