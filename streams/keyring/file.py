"""The key file: read only where others cannot read it, replaced whole, one writer at a time."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.errors import ConfigError
from streams.keyring.text import read_keys, write_keys
from streams.keyring.tree import KeyTree
from streams.secret import is_open_to_others


def load_keys(file: Path) -> dict[str, KeyTree]:
    """The trees of a key file. Raises ConfigError where it cannot be read, others may read it, or it is none."""
    try:
        found = file.stat()
        text = file.read_text("utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(
            f"{file}: the keys cannot be read: {error.strerror}", "make the file with `thalweg rules keys rotate`"
        ) from None
    if is_open_to_others(found):
        raise ConfigError(
            f"{file}: others may read the keys (mode {stat.S_IMODE(found.st_mode):04o})",
            f"chmod 600 {file}; if others had access to it, rotate the keys",
        )
    return read_keys(text, str(file))


@contextmanager
def changing(file: Path, *, may_be_new: bool = False) -> Iterator[dict[str, KeyTree]]:
    """The trees, to be changed in place; written when the block ends well. Others who change the file wait meanwhile.

    The file is replaced whole, mode 0600: a reader sees all of a change or nothing. Raises ConfigError.
    """
    try:
        lock = os.open(file.with_name(f".{file.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}", "name a file you may write") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        trees = {} if may_be_new and not file.exists() else load_keys(file)
        before = write_keys(trees)
        yield trees
        after = write_keys(trees)
        if after != before or not file.exists():
            _replace(file, after)
    finally:
        os.close(lock)


def _replace(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
            output.write(text)
            output.flush()
            os.fsync(output.fileno())
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"{file}: cannot be written: {error.strerror}", "name a file you may write") from None
