"""A run that is interrupted: it ends at once, with its exit code, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.simulate import write_demo
from tests.flow.conftest import run_files, thalweg

WAIT_SECONDS = 60.0
INTERRUPTED = 130
COMPARED = ("records", "events", "late", "dead", "duplicates", "sessions", "visitors")


def descendants(pid: int) -> set[int]:
    """Every process below ``pid``, by /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(stat.rsplit(")", 1)[1].split()[1])
    found = {pid}
    while grown := {child for child, parent in parents.items() if parent in found} - found:
        found |= grown
    return found - {pid}


def running(pid: int) -> bool:
    """Whether it is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def start_run(source: Path, store: Path) -> subprocess.Popen[bytes]:
    """A run as a process, once its store, broker and both workers are up."""
    command = [sys.executable, "-m", "streams.cli", "run", "--input", str(source), "--format", "segment"]
    with (store.parent / "output").open("wb") as output:
        process = subprocess.Popen([*command, "--store", str(store)], stdout=output, stderr=output)
    deadline = time.monotonic() + WAIT_SECONDS
    while len(descendants(process.pid)) < 4:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_process(how: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C, SIGTERM, and even kill -9: store server, broker and workers are gone; `sql` works meanwhile and after."""
    store = tmp_path / "store"
    process = start_run(write_demo(tmp_path, 20_000, 3), store)
    below = descendants(process.pid)
    meanwhile = thalweg("sql", "--store", str(store), "SELECT 1 AS one", "--format", "JSONEachRow")
    os.kill(process.pid, how)
    code = process.wait(WAIT_SECONDS)
    deadline = time.monotonic() + WAIT_SECONDS
    while any(running(pid) for pid in below):
        assert time.monotonic() < deadline, [pid for pid in below if running(pid)]
        time.sleep(0.05)
    after = thalweg("sql", "--store", str(store), "SELECT count() AS n FROM outcomes", "--format", "JSONEachRow")

    assert code == (-signal.SIGKILL if how == signal.SIGKILL else INTERRUPTED)
    assert meanwhile.stdout == '{"one":1}\n', meanwhile.stderr
    assert after.returncode == 0, after.stderr


def test_a_run_after_a_killed_one_is_whole(tmp_path: Path) -> None:
    """The same input again into the store of a killed run: every event is there once."""
    store = tmp_path / "store"
    source = write_demo(tmp_path, 20_000, 3)
    process = start_run(source, store)
    process.kill()
    process.wait(WAIT_SECONDS)
    again = run_files([source], "segment", store)
    fresh = run_files([source], "segment", tmp_path / "fresh")

    assert {key: again[key] for key in COMPARED} == {key: fresh[key] for key in COMPARED}
