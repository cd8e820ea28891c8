"""Ends a process that no longer gets its work done, so that whoever started it starts it again."""

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)
EXIT_STUCK = 70
LOOKS = 10
"""How often within its patience the watchdog looks."""


def leave() -> None:
    """Say where every thread stands (no values of variables), and end the process."""
    faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
    os._exit(EXIT_STUCK)


class Watchdog(threading.Thread):
    """Calls ``give_up`` once when nobody has called ``fed`` for ``patience`` seconds.

    A process that was stopped as a whole (SIGSTOP, a suspended machine) and goes on is given its patience anew.
    """

    def __init__(self, patience: float, give_up: Callable[[], None] = leave) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._patience, self._give_up = patience, give_up
        self._ended = threading.Event()
        self._fed_at = time.monotonic()

    def fed(self) -> None:
        """All is well, or there is nothing to do."""
        self._fed_at = time.monotonic()

    def end(self) -> None:
        """Watch no more."""
        self._ended.set()

    def run(self) -> None:
        """The thread's work."""
        pause = self._patience / LOOKS
        looked_at = time.monotonic()
        while not self._ended.wait(pause):
            now = time.monotonic()
            if now - looked_at > 3 * pause:  # we ourselves were stopped
                self.fed()
            looked_at = now
            if now - self._fed_at > self._patience:
                logger.critical("work waits and nothing was committed for %.0f s: leaving", now - self._fed_at)
                self._give_up()
                return


class Diligence:
    """Feeds a watchdog while there is nothing to do or what was done changes. Call ``look`` now and then.

    ``waits`` tells whether something is to be done; ``done`` is any value that changes when some of it is, or when the
    process knows what it waits for (an insert tried again).
    """

    def __init__(self, watchdog: Watchdog, waits: Callable[[], bool], done: Callable[[], object]) -> None:
        self._watchdog, self._waits, self._done = watchdog, waits, done
        self._last = done()

    def look(self) -> None:
        """Compare with the last look."""
        done = self._done()
        if done != self._last or not self._waits():
            self._watchdog.fed()
        self._last = done
