"""Child processes: restarted, given up on, stopped, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.errors import StoreError
from streams.run.children import Child, last_words

SLEEPER = "import time; time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEPER}"
WAIT_SECONDS = 20.0


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it holds, bounded."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether the process runs: a zombie that nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def make_child(tmp_path: Path) -> Iterator[Callable[[str], Child]]:
    """Started children, stopped after the test."""
    children: list[Child] = []

    def make(code: str) -> Child:
        child = Child("test", [sys.executable, "-c", code], os.environ, tmp_path / "child.log")
        child.start()
        children.append(child)
        return child

    yield make
    for child in children:
        child.stop(0.0)


def test_a_killed_child_is_restarted_and_counted(make_child: Callable[[str], Child]) -> None:
    """SIGKILL, then supervise: another process runs."""
    child = make_child(SLEEPER)
    first = child.pid
    os.kill(first, signal.SIGKILL)
    wait_for(child.supervise)

    assert child.restarts == 1
    assert child.pid != first
    assert alive(child.pid)


def test_a_living_child_is_left_alone(make_child: Callable[[str], Child]) -> None:
    """Supervise does nothing while it runs."""
    child = make_child(SLEEPER)

    assert not child.supervise()
    assert child.restarts == 0


def test_a_child_that_dies_in_vain_is_given_up_with_its_last_words(make_child: Callable[[str], Child]) -> None:
    """A bug is told, not restarted for ever."""
    child = make_child("raise SystemExit('my last words')")

    def given_up() -> bool:
        try:
            child.supervise()
        except StoreError as error:
            return "my last words" in str(error)
        return False

    wait_for(given_up)


def test_stop_ends_it_and_keeps_its_cpu_time(make_child: Callable[[str], Child]) -> None:
    """CPU seconds of ended processes add up."""
    child = make_child("sum(range(3_000_000)); import time; print('done', flush=True); time.sleep(600)")
    pid = child.pid
    wait_for(lambda: "done" in last_words(child.log))
    child.terminate()
    child.stop(WAIT_SECONDS)

    assert not alive(pid)
    assert child.cpu_seconds > 0


def test_stop_kills_what_does_not_listen(make_child: Callable[[str], Child]) -> None:
    """SIGKILL after the grace."""
    child = make_child(STUBBORN)
    pid = child.pid
    wait_for(lambda: "deaf" in last_words(child.log))
    child.stop(0.1)

    assert not alive(pid)


def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    """Kill -9 of the supervisor leaves no child."""
    code = (
        "import os, sys, time; from pathlib import Path; from streams.run.children import Child;"
        f"child = Child('test', [sys.executable, '-c', {SLEEPER!r}], os.environ, Path({str(tmp_path / 'log')!r}));"
        "child.start(); print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    wait_for(lambda: not alive(pid))


def test_deaths_with_progress_between_are_forgiven(make_child: Callable[[str], Child]) -> None:
    """However often it dies: as long as the work goes on, it is started again."""
    child = make_child("raise SystemExit(1)")

    for progress in range(6):
        wait_for(lambda: child.supervise(progress))  # noqa: B023 - called at once

    assert child.restarts == 6


def test_last_words_begin_at_the_last_error(tmp_path: Path) -> None:
    """Not the noise of the shutdown behind it."""
    log = tmp_path / "log"
    log.write_text("start\n[ERROR] first\nmore\n[ERROR] the cause\n" + "[INFO] stopping\n" * 40)

    assert last_words(log).startswith("[ERROR] the cause\n")
