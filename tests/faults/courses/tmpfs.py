"""A disk that is small: a file system in memory, where we may mount one."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CANNOT = "no file system can be mounted here (needs root)"
BLOCK = 1 << 16


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path | None]:
    """The folder as a disk of its own; None where that is not allowed."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Take all but ``leave`` bytes of the disk; returns the file to remove."""
    filler = folder / "filler"
    room = max(shutil.disk_usage(folder).free - leave, 0)
    with filler.open("wb") as file:
        try:
            for _ in range(room // BLOCK):
                file.write(b"\0" * BLOCK)
            file.flush()
        except OSError:
            pass  # it is full
    return filler
