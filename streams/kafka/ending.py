"""The end of a process whose work is done, also where a thread hangs for which Python would wait."""

import logging
import os
import threading
import time
from typing import NoReturn

logger = logging.getLogger(__name__)
THREAD_SECONDS = 2.0
"""What is left to a thread once all services have stopped."""


def end_process(code: int, patience: float = THREAD_SECONDS) -> NoReturn:
    """End it with ``code``. The Kafka client's thread hangs when it is stopped amid its first join of the group."""
    until = time.monotonic() + patience
    others = [each for each in threading.enumerate() if each is not threading.current_thread() and not each.daemon]
    for thread in others:
        thread.join(max(0.0, until - time.monotonic()))
    if stuck := [thread.name for thread in others if thread.is_alive()]:
        logger.warning("leaving without %s, which is still at work", ", ".join(stuck))
        logging.shutdown()
        os._exit(code)
    raise SystemExit(code)
