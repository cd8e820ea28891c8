"""The lines of a file."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from streams.errors import ConfigError
from streams.parse.result import MAX_BYTES

_BOM = b"\xef\xbb\xbf"


def file_lines(path: Path, max_bytes: int = MAX_BYTES) -> Iterator[bytes]:
    """Each line without its end (LF or CRLF), the last one also without; a file named ``.gz`` is unpacked.

    A line longer than ``max_bytes`` is cut to one byte more, so that its parser finds it too large and memory stays
    bounded.
    A byte order mark at the file's start is not part of its first line. Raises ConfigError when it cannot be read.
    """
    try:
        with _open(path) as file:
            yield from _lines(file, max_bytes)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error) from error


def check_readable(path: Path) -> None:
    """Raises ConfigError when the file is missing, a folder, or not ours to read."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> ConfigError:
    """What to tell who gave the path."""
    what = getattr(error, "strerror", None) or error
    return ConfigError(f"input {path}: {what}", "give files that exist, are whole and may be read")


def _open(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _lines(file: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    room = max_bytes + len(b"x\r\n")
    line = file.readline(room).removeprefix(_BOM)
    while line:
        if line[-1] != 10 and len(line) >= max_bytes:  # cut short by readline, unless it is the file's end
            _skip_line(file)
        yield line.removesuffix(b"\n").removesuffix(b"\r")[: max_bytes + 1]
        line = file.readline(room)


def _skip_line(file: BinaryIO) -> None:
    rest = b"x"
    while rest and rest[-1] != 10:
        rest = file.readline(1 << 20)
