"""Feeds the lines of files to a scanner: logs, reports."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from streams.errors import ConfigError
from streams.scan.scanner import Scanner


def scan_files(paths: Sequence[Path], scanner: Scanner) -> None:
    """Every line of each file, and of each file in a folder; the place is the file's name. Raises ConfigError."""
    for path in paths:
        if not path.exists():
            raise ConfigError(f"{path}: is not there", "name a file or folder")
        for file in _files(path):
            with file.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    scanner.scan(str(file.relative_to(path) if file != path else file.name), line.rstrip("\n"))


def _files(path: Path) -> Iterator[Path]:
    return iter(sorted(file for file in path.rglob("*") if file.is_file())) if path.is_dir() else iter([path])
