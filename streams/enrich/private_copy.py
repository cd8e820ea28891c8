"""A file's content where nobody else can reach it, and what tells one content from the next."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def private_copy(path: Path) -> Iterator[Path]:
    """A copy that may be mapped into memory and outlives this block there, though its name goes.

    Whoever writes over a mapped file in place pulls it away from under its readers: a truncated page kills the process
    (SIGBUS). Raises OSError.
    """
    with tempfile.NamedTemporaryFile(prefix="thalweg-", suffix=path.suffix) as copy:
        with path.open("rb") as original:
            shutil.copyfileobj(original, copy, 1 << 20)
        copy.flush()
        yield Path(copy.name)


def version_of(name: str, content: bytes) -> str:
    """A name and the beginning of the content's hash, for data that carry no version of their own."""
    return f"{name}/{hashlib.sha256(content).hexdigest()[:12]}"
