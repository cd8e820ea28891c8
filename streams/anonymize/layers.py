"""Replaces what is found in a text, also where an encoding hides it, and leaves all else as it was written."""

import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import unquote

Span = tuple[int, int, str]
"""Start, end, and what stands there instead."""
Find = Callable[[str], list[Span]]
"""What must go from a text: spans in order, none over another. Of its own replacements it finds nothing."""

MAX_LAYERS = 5
_MAX_ROUNDS = 64
_BROKEN = "\ufffd"
_HEX = "[0-9A-Fa-f]"
_ESCAPE = rf"(?:(?<!\\)\\++(?:u{_HEX}{{4}}|x{_HEX}{{2}}|u\{{{_HEX}{{1,6}}\}}|/)|%[uU]{_HEX}{{4}})"
"""A run of backslashes is looked at once, from its start: else a long one would cost the square of its length."""
_ENCODED = re.compile(rf"((?:%{_HEX}{{2}})+|(?:{_ESCAPE})+)")
_ESCAPED = re.compile(_ESCAPE)


def replace_found(text: str, find: Find) -> str:
    """``text`` without what ``find`` finds in it or in any of its decoded layers.

    Only the characters of a find are rewritten: its neighbours keep their encoding, so no text grows by being searched.
    Empty (fail closed) for more layers than anyone writes by accident. Raises what ``find`` raises.
    """
    for _ in range(_MAX_ROUNDS):
        spans, depth = find(text), 0
        if not spans:
            if not is_encoded(text):
                return text
            depth = _depth(text, find)
            if depth == 0:
                return text
            if depth > MAX_LAYERS:
                return ""
        text = rewrite(text, spans) if spans else _replaced_in_layer(text, depth, find)
    return ""  # a text made to be found in again and again


def is_encoded(text: str) -> bool:
    """Whether there may be a layer below."""
    return "%" in text or "\\" in text


def decode_layer(text: str) -> str:
    """The text one layer down: percent-encoded bytes and escapes (``\\u0040``, ``\\x40``, ``%u0040``) as what they
    stand for.

    Source: RFC 3986 §2.1; RFC 8259 §7 (also with more than one backslash, as JSON within JSON has them); ECMA-262
    annex B.2.1.1 (``escape``).
    """
    return _decoded(text)[0] if "\\" in text or "%u" in text or "%U" in text else unquote(text)


def _depth(text: str, find: Find) -> int:
    """How often to decode until something is found; 0: never; above MAX_LAYERS: too many layers."""
    layer = text
    for depth in range(1, MAX_LAYERS + 1):
        decoded = decode_layer(layer)
        if decoded == layer:
            return 0
        if find(decoded):
            return depth
        layer = decoded
    return MAX_LAYERS + 1


def _replaced_in_layer(text: str, depth: int, find: Find) -> str:
    layer, starts = text, list(range(len(text) + 1))
    for _ in range(depth):
        layer, places = _decoded(layer)
        starts = [starts[place] for place in places]
    spans = [(starts[start], starts[end], word) for start, end, word in find(layer)]
    return rewrite(text, spans) if spans else ""


def _decoded(text: str) -> tuple[str, list[int]]:
    """The text one layer down, and where in ``text`` each of its characters, and its end, begins."""
    characters: list[str] = []
    places: list[int] = []
    at = 0
    for number, piece in enumerate(_ENCODED.split(text)):
        if number % 2 == 0:
            characters.append(piece)
            places += range(at, at + len(piece))
            at += len(piece)
            continue
        for character, width in _unescaped(piece) if piece[0] == "\\" or piece[1] in "uU" else _unquoted(piece):
            characters.append(character)
            places.append(at)
            at += width
    return "".join(characters), [*places, at]


def _unquoted(piece: str) -> Iterator[tuple[str, int]]:
    """Each character that percent-encoded bytes stand for, and how much of ``piece`` does."""
    for character in bytes.fromhex(piece.replace("%", "")).decode("utf-8", "surrogateescape"):
        if "\ud800" <= character <= "\udfff":
            yield _BROKEN, 3
        else:
            yield character, 3 * len(character.encode())


def _unescaped(piece: str) -> Iterator[tuple[str, int]]:
    """The same for escapes; two halves of a character beyond U+FFFF are one."""
    high, held = 0, 0
    for match in _ESCAPED.finditer(piece):
        sign, width = match.group().lstrip("\\%"), len(match.group())
        code = ord(sign) if sign == "/" else int(sign[1:].strip("{}"), 16)
        if high and 0xDC00 <= code <= 0xDFFF:
            yield chr(0x10000 + ((high - 0xD800) << 10) + code - 0xDC00), held + width
            high = held = 0
            continue
        if high:
            yield _BROKEN, held
            high = held = 0
        if 0xD800 <= code <= 0xDBFF:
            high, held = code, width
        else:
            yield (_BROKEN if 0xDC00 <= code <= 0xDFFF or code > 0x10FFFF else chr(code)), width
    if high:
        yield _BROKEN, held


def merge(*kinds: list[Span]) -> list[Span]:
    """Finds of several kinds as one list in order; of two that overlap the one of the earlier kind stays."""
    some = [spans for spans in kinds if spans]
    if len(some) < 2:
        return some[0] if some else []
    taken = bytearray(max(end for spans in some for _, end, _ in spans))
    kept: list[Span] = []
    for spans in some:
        free = [span for span in spans if not any(taken[span[0] : span[1]])]
        for start, end, _ in free:
            taken[start:end] = b"x" * (end - start)
        kept += free
    return sorted(kept)


def rewrite(text: str, spans: Sequence[Span]) -> str:
    """``text`` with each span's word in its place."""
    kept, done = [], 0
    for start, end, word in spans:
        kept += [text[done:start], word]
        done = end
    return "".join(kept) + text[done:]
