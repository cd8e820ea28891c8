import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.warehouse.embedded.wire import FrameError, Reader, reader_of, string, varint


def reader_in_chunks(data: bytes, size: int) -> Reader:
    """A reader that gets ``size`` bytes at a time."""
    chunks = iter([data[at : at + size] for at in range(0, len(data), size)])

    def receive() -> bytes:
        try:
            return next(chunks)
        except StopIteration as end:
            raise EOFError from end

    reader = Reader(receive)
    reader.allow(1 << 30)
    return reader


@given(st.integers(0, 2**64 - 1), st.integers(1, 4))
def test_a_varint_reads_back_as_written_however_it_is_cut(value: int, size: int) -> None:
    """A number may lie across two chunks."""
    assert reader_in_chunks(varint(value), size).varint() == value


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=300), max_size=20), st.integers(1, 70))
def test_strings_read_back_as_written_however_they_are_cut(texts: list[str], size: int) -> None:
    """So may a string."""
    reader = reader_in_chunks(b"".join(map(string, texts)), size)
    assert [reader.string() for _ in texts] == texts


@given(st.lists(st.binary(max_size=200), max_size=30), st.integers(1, 90), st.binary(max_size=9))
def test_a_copy_holds_just_what_was_passed(values: list[bytes], size: int, rest: bytes) -> None:
    """Bytes before, and bytes received but not passed, are not in it."""
    body = b"".join(varint(len(value)) + value for value in values) + b"12345678"
    reader = reader_in_chunks(b"\x05" + body + rest, size)
    assert reader.varint() == 5
    fd = os.memfd_create("copy")
    reader.start_copy(fd)
    reader.skip_strings(len(values))
    reader.skip(8)
    reader.stop_copy()
    assert os.pread(fd, 1 << 20, 0) == body
    assert reader.take(len(rest)) == rest
    os.close(fd)


@pytest.mark.parametrize(
    "length", [varint(2**62), varint(2**63), varint(2**64 - 1), b"\xff" * 40 + b"\x01", b"\x80" * 12 + b"\x01"]
)
def test_an_absurd_length_is_refused_and_nothing_is_allocated_for_it(length: bytes) -> None:
    """Beyond memory, negative as a signed number, or without end."""
    with pytest.raises((FrameError, EOFError)):
        reader_of(length + b"abc").skip_strings(1)
    with pytest.raises((FrameError, EOFError)):
        reader_of(length + b"abc").string()


def test_more_bytes_than_allowed_are_not_received() -> None:
    """A client that sends for ever is cut off; its bytes do not pile up."""
    received = []

    def endless() -> Iterator[bytes]:
        while True:
            received.append(1)
            yield b"\x03abc" * 1000

    chunks = endless()
    reader = Reader(lambda: next(chunks))
    reader.allow(10_000)
    with pytest.raises(FrameError) as refused:
        reader.skip_strings(1_000_000)
    assert refused.value.code == 307
    assert len(received) == 3


def test_text_that_is_not_utf_8_is_refused() -> None:
    """Replacing its bytes would store something else than was sent."""
    with pytest.raises(FrameError) as refused:
        reader_of(b"\2\xff\xfe").string()
    assert refused.value.code == 117
