"""The smallest units on the wire: varints, strings and integers, read with limits, written as bytes."""

import os
import struct
from collections.abc import Callable

from clickhouse_driver.bufferedreader import CompressedBufferedReader

MAX_PACKET_STRING = 1 << 20
"""Longest name, setting or password, bytes."""
_STRINGS_AT_ONCE = 65_536
_MAX_VARINT_BYTES = 10


class FrameError(Exception):
    """The peer's bytes are not the protocol, or go beyond a limit: the connection cannot go on."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Reader:
    """Reads units from chunks of bytes; everything passed while a copy is on goes to a file as well.

    ``receive`` returns the next non-empty chunk or raises. String columns are passed by the driver's compiled
    reader: a Python loop over lengths costs five times as much.
    """

    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive = receive
        self._buffered = CompressedBufferedReader(self._fill, 0)
        self._copy_to: int | None = None
        self._copy_from = 0
        self._budget = 0

    def allow(self, size: int) -> None:
        """Let at most ``size`` more bytes (rounded up to a chunk) come in until the next call."""
        self._budget = size

    @property
    def buffered(self) -> int:
        """Bytes received and not yet read."""
        return int(self._buffered.current_buffer_size - self._buffered.position)

    @property
    def position(self) -> int:
        """Offset of the next byte in the current chunk."""
        return int(self._buffered.position)

    def start_copy(self, fd: int) -> None:
        """From the next byte on, write what is passed to ``fd`` too."""
        self._copy_to, self._copy_from = fd, self._buffered.position

    def stop_copy(self) -> None:
        """End the copy at the next byte."""
        self._flush_copy(self._buffered.position)
        self._copy_to = None

    def varint(self) -> int:
        """An unsigned LEB128 number below 2**64."""
        value = 0
        for shift in range(0, 7 * _MAX_VARINT_BYTES, 7):
            byte = int(self._buffered.read_one())
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
        else:
            raise FrameError(101, "a number has more than 10 bytes: not the native protocol")
        return value & 0xFFFF_FFFF_FFFF_FFFF

    def byte(self) -> int:
        """One unsigned byte."""
        return int(self._buffered.read_one())

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        return bytes(self._buffered.read(size))

    def string(self, limit: int = MAX_PACKET_STRING) -> str:
        """A length and that many bytes of UTF-8. Raises FrameError over ``limit``, or for other bytes."""
        size = self.varint()
        if size > limit:
            raise FrameError(131, f"a string of {size} bytes is over the limit of {limit}")
        try:
            return self.take(size).decode()
        except UnicodeDecodeError as error:
            raise FrameError(117, "a text is not UTF-8") from error

    def skip(self, size: int) -> None:
        """Pass ``size`` bytes without taking them."""
        buffered = self._buffered
        while size:
            have = buffered.current_buffer_size - buffered.position
            if not have:
                buffered.read_into_buffer()
                buffered.position = 0
                continue
            step = min(have, size)
            buffered.position += step
            size -= step

    def skip_strings(self, count: int) -> None:
        """Pass ``count`` strings."""
        read_strings = self._buffered.read_strings
        try:
            for done in range(0, count, _STRINGS_AT_ONCE):
                read_strings(min(_STRINGS_AT_ONCE, count - done))
        except (SystemError, OverflowError, MemoryError) as error:
            raise FrameError(131, "a string's length in a block is absurd") from error

    def _fill(self) -> bytes:
        self._flush_copy(self._buffered.current_buffer_size)
        self._copy_from = 0
        if self._budget <= 0:
            raise FrameError(307, "the statement sends more bytes than this server takes")
        chunk = self._receive()
        self._budget -= len(chunk)
        return chunk

    def _flush_copy(self, end: int) -> None:
        if self._copy_to is None or end <= self._copy_from:
            return
        view = memoryview(self._buffered.buffer)[self._copy_from : end]
        while view:
            view = view[os.write(self._copy_to, view) :]


def reader_of(data: bytes) -> Reader:
    """A reader over bytes in memory; reading past their end raises EOFError."""
    chunks = [data] if data else []

    def receive() -> bytes:
        if not chunks:
            raise EOFError("the bytes end inside a block")
        return chunks.pop()

    reader = Reader(receive)
    reader.allow(len(data) + 1)
    return reader


def varint(value: int) -> bytes:
    """``value`` as unsigned LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(text: str) -> bytes:
    """``text`` as UTF-8 behind its length."""
    data = text.encode("utf-8", "replace")
    return varint(len(data)) + data


def int32(value: int) -> bytes:
    """Four bytes, little endian, signed."""
    return struct.pack("<i", value)
