"""A rebuild that gets a signal at a named point: URL SIGNAL POINT NTH LEASE_SECONDS."""

import asyncio
import os
import sys
from signal import Signals

from streams.errors import ThalwegError
from streams.rebuild.job import open_job
from streams.rebuild.report import Report
from streams.rebuild.scope import of_days
from streams.rebuild.writing import Point
from streams.settings import load_settings
from streams.warehouse.target import open_target


async def main(url: str, signal: Signals, point: str, nth: int, lease_seconds: float) -> None:
    """All that waits, written in small pieces; the signal comes at the nth time that the point is reached."""
    settings, left = load_settings(None), nth

    def reached(at: Point) -> None:
        nonlocal left
        left -= at == point
        if left == 0 and at == point:
            os.kill(os.getpid(), signal)

    with open_target(url, settings) as target:
        async with open_job(target, settings, written_rows=100, reached=reached, lease_seconds=lease_seconds) as job:
            for found in job.pending(400):
                await job.rebuild(of_days(found.app_id, found.days), Report(dry_run=False))


if __name__ == "__main__":
    _url, _signal, _point, _nth, _seconds = sys.argv[1:6]
    try:
        asyncio.run(main(_url, Signals[_signal], _point, int(_nth), float(_seconds)))
    except ThalwegError as error:
        sys.stderr.write(str(error))
        sys.exit(error.exit_code)
