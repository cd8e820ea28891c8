"""A worker whose clock is off: python skewed_worker.py SECONDS ROLE."""

import sys
import time

from streams.agents.worker import run_worker
from streams.settings import load_settings

if __name__ == "__main__":
    _seconds, _true = float(sys.argv[1]), time.time
    time.time = lambda: _true() + _seconds
    run_worker(sys.argv[2], load_settings(None))  # type: ignore[arg-type]
