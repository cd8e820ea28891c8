"""Compressed bodies."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.outcome import Dead, Reason
from streams.parse.inflate import inflate


@given(st.binary(max_size=300))
def test_what_was_compressed_comes_back(body: bytes) -> None:
    """Under each name of each encoding."""
    assert inflate(gzip.compress(body, mtime=0), "gzip", 300) == body
    assert inflate(gzip.compress(body, mtime=0), " X-GZIP ", 300) == body
    assert inflate(zlib.compress(body), "deflate", 300) == body
    assert inflate(body, "identity", 0) == body


@pytest.mark.parametrize(
    ("value", "encoding", "reason"),
    [
        (gzip.compress(b"x" * 101, mtime=0), "gzip", Reason.TOO_LARGE),
        (gzip.compress(b"\0" * 50_000_000, mtime=0), "gzip", Reason.TOO_LARGE),
        (gzip.compress(b"xyz", mtime=0)[:-9], "gzip", Reason.ENCODING),
        (b"", "gzip", Reason.ENCODING),
        (b"plain", "gzip", Reason.ENCODING),
        (b"plain", "br", Reason.ENCODING),
    ],
)
def test_dead(value: bytes, encoding: str, reason: Reason) -> None:
    """Too long inside, broken, cut short, or unknown."""
    found = inflate(value, encoding, 100)

    assert isinstance(found, Dead)
    assert found.reason is reason


def test_a_bomb_is_not_unpacked() -> None:
    """50 MB of zeros in 50 kB cost no more memory than the limit and what zlib takes."""
    bomb = gzip.compress(b"\0" * 50_000_000, mtime=0)
    tracemalloc.start()
    try:
        inflate(bomb, "gzip", 1_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 5_000_000
