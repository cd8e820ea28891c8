"""Given values, searched in any case of letters, and as a hash that anyone could make."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from streams.errors import ConfigError
from streams.scan.kinds import Finder

SHORTEST = 4
"""A shorter value is found by accident."""
_CHUNK = 2_000
"""Values in one pattern."""
_DIGEST = re.compile(r"[0-9a-f]{32,64}")


def read_canaries(file: Path) -> list[str]:
    """The values of a file, one a line; empty lines count for nothing. Raises ConfigError; no error shows a value."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file}: cannot be read: {type(error).__name__}", "give a UTF-8 text, one value a line"
        ) from None
    for number, line in enumerate(lines, 1):
        if 0 < len(line.strip()) < SHORTEST:
            raise ConfigError(
                f"{file}: line {number}: the value is shorter than {SHORTEST} characters",
                "it would be found everywhere",
            )
    values = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not values:
        raise ConfigError(f"{file}: holds no value", "write one a line")
    return values


def make_canary_finder(values: Iterable[str]) -> Finder:
    """A finder of the values, whatever the case of their letters, and of their MD5, SHA-1 and SHA-256 in hex."""
    lowered = sorted({value.lower() for value in values}, key=len, reverse=True)
    patterns = [
        re.compile("|".join(map(re.escape, lowered[start : start + _CHUNK])))
        for start in range(0, len(lowered), _CHUNK)
    ]
    hashed = {digest: value for value in values for digest in _digests(value)}

    def find(text: str) -> Iterator[str]:
        small = text.lower()
        for pattern in patterns:
            yield from (match[0] for match in pattern.finditer(small))
        for match in _DIGEST.finditer(small.replace("-", "")):
            if match[0] in hashed:
                yield match[0]

    return find


def _digests(value: str) -> Iterator[str]:
    """Unkeyed hashes: who guesses the value can test the guess, so they are the value."""
    for text in {value, value.lower()}:
        for make in (hashlib.md5, hashlib.sha1, hashlib.sha256):
            yield make(text.encode()).hexdigest()
