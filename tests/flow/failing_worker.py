"""A worker that is killed once at a named point: python failing_worker.py POINT NTH FLAG_FILE ROLE.

The flag file says that it has died, so that the restarted worker lives. THALWEG_TEST_SIGNAL=SIGSTOP: it freezes there.
Beside the points of `Hooks` there are two amid an effect: `sessions.mid_insert`, when some tables of a batch are
stored, and `sessions.mid_changelog`, when a batch of it is on its way.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from streams.agents.hooks import Hooks
from streams.agents.worker import run_worker
from streams.kafka.producer import BatchProducer
from streams.metrics import Metrics
from streams.settings import load_settings

SIGNAL = signal.Signals[os.environ.get("THALWEG_TEST_SIGNAL", "SIGKILL")]
ON_ITS_WAY_SECONDS = 0.001


class KillOnce(Hooks):
    """The signal at the nth time a point is reached, unless the flag file is there."""

    def __init__(self, point: str, nth: int, flag: Path) -> None:
        self._point = point
        self._left = nth
        self._flag = flag

    def reached(self, point: str) -> None:
        """Die here, if it is time."""
        if point != self._point or self._flag.exists():
            return
        self._left -= 1
        if self._left == 0:
            self._flag.touch()
            os.kill(os.getpid(), SIGNAL)


class BetweenTables(Metrics):
    """Hears of each table's rows as soon as they are acknowledged, before those of the next are sent."""

    def __init__(self, hooks: KillOnce) -> None:
        super().__init__()
        self._told = hooks

    def sink(self, what: str, number: int) -> None:
        """The sink's word."""
        super().sink(what, number)
        if what == "rows.events":
            self._told.reached("sessions.mid_insert")


def tell_of_changelog(hooks: KillOnce) -> None:
    """Each batch that is on its way to a changelog is a point too."""
    send = BatchProducer._acknowledged

    async def sent(self: BatchProducer, topic: str, partition: int, batch: Any) -> int:
        if topic.endswith("-changelog"):
            asyncio.get_running_loop().call_later(ON_ITS_WAY_SECONDS, hooks.reached, "sessions.mid_changelog")
        return await send(self, topic, partition, batch)

    BatchProducer._acknowledged = sent  # type: ignore[method-assign]


if __name__ == "__main__":
    _point, _nth, _flag, _role = sys.argv[1:5]
    _hooks = KillOnce(_point, int(_nth), Path(_flag))
    tell_of_changelog(_hooks)
    run_worker(_role, load_settings(None), _hooks, BetweenTables(_hooks))  # type: ignore[arg-type]
