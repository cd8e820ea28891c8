"""The real log files, where they are there."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("THALWEG_SHARED", Path(__file__).parents[3] / "shared"))
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="the folder of real logs (THALWEG_SHARED) is not here")


def real_lines(pattern: str) -> list[bytes]:
    """All lines of the files that match, in name order."""
    paths = sorted((SHARED / "data").glob(pattern))
    return [line for path in paths for line in path.read_bytes().split(b"\n")[:-1]]
