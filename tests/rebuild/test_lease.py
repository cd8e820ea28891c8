"""Rebuilds that meet, stop and die, as processes against one server: never two at once, and the next one mends."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from signal import SIGCONT, SIGKILL

import pytest

from streams.rebuild.job import open_job
from streams.rebuild.report import Report
from streams.rebuild.scope import of_days
from tests.flow.conftest import PASSWORDLESS
from tests.kafka.waiting import wait_until

from .conftest import Database, with_early_copies

pytestmark = [pytest.mark.slow, pytest.mark.faults]
ROOT = Path(__file__).parents[2]


def held_up(database: Database, signal: str, point: str, *, nth: int = 2, seconds: float = 60) -> subprocess.Popen[str]:
    """A rebuild of what waits, on its way to the point."""
    words = [database.url, signal, point, str(nth), str(seconds)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.rebuild.held_up_rebuild", *words],
        cwd=ROOT,
        env={**PASSWORDLESS, **database.environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def rebuild_pending(database: Database, *, wait: float) -> Report:
    """All that waits, by a rebuild that waits so long for the lease."""

    async def run() -> Report:
        report = Report(dry_run=False)
        async with open_job(database.by_url, database.settings, wait=wait) as job:
            for found in job.pending(400):
                await job.rebuild(of_days(found.app_id, found.days), report)
        return report

    return asyncio.run(run())


@pytest.mark.parametrize("table", ["control", "sessions", "visitors", "outcomes", "events"])
def test_a_rebuild_killed_anywhere_is_mended_by_the_next(
    database: Database, never_died: dict[str, object], table: str
) -> None:
    """Kill -9 after each effect, in the midst: the next finds by itself what is left, once the lease has run out."""
    with_early_copies(database)
    with held_up(database, "SIGKILL", f"rebuild.after_{table}", seconds=5) as killed:
        assert killed.wait(120) == -SIGKILL
    assert database.contents() != never_died

    report = rebuild_pending(database, wait=60)

    assert report.late_adopted > 0
    assert database.contents() == never_died
    assert database.visitors() == database.stitched()


def is_stopped(process: "subprocess.Popen[str]") -> bool:
    """By SIGSTOP; it has not ended."""
    assert process.poll() is None
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_of_two_rebuilds_the_second_is_refused(database: Database, never_died: dict[str, object]) -> None:
    """While the first is in its midst; it then ends as if it had been alone. A dry run is let in."""
    with_early_copies(database)
    with held_up(database, "SIGSTOP", "rebuild.after_sessions") as first:
        wait_until(lambda: is_stopped(first), 120, "the first rebuild at its point")
        try:
            refused = command(database, "--pending")
            dry = command(database, "--pending", "--dry-run", "--json")
        finally:
            first.send_signal(SIGCONT)

    assert first.returncode == 0
    assert (refused.returncode, dry.returncode) == (3, 0), refused.stderr + dry.stderr
    assert "another rebuild holds this store" in refused.stderr
    assert database.contents() == never_died


def test_a_rebuild_that_slept_through_its_lease_writes_no_more(
    database: Database, never_died: dict[str, object]
) -> None:
    """Another one has taken over and done all; the sleeper says so and ends."""
    with_early_copies(database)
    with held_up(database, "SIGSTOP", "rebuild.after_sessions", seconds=5) as sleeper:
        wait_until(lambda: is_stopped(sleeper), 120, "the sleeper at its point")
        try:
            rebuild_pending(database, wait=60)
            written = database.physical_rows()
        finally:
            sleeper.send_signal(SIGCONT)
        _, words = sleeper.communicate(timeout=120)

    assert sleeper.returncode == 3
    assert "held up for longer than its lease" in words
    assert database.physical_rows() == written
    assert database.contents() == never_died


def test_two_commands_started_at_once_leave_no_tie(database: Database, never_died: dict[str, object]) -> None:
    """One of them does it, or both, one after the other; no two rows of one key and version differ."""
    with_early_copies(database)
    commands = [
        threading.Thread(target=lambda: codes.append(command(database, "--pending").returncode)) for _ in range(2)
    ]
    codes: list[int] = []
    for each in commands:
        each.start()
    for each in commands:
        each.join()

    assert set(codes) in ({0}, {0, 3})
    assert database.contents() == never_died
    assert database.ties() == 0


def command(database: Database, *words: str) -> "subprocess.CompletedProcess[str]":
    """`thalweg rebuild` on the server."""
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", "rebuild", "--store", database.url, *words],
        env={**PASSWORDLESS, **database.environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
