"""A worker that may not take more memory: python capped_worker.py MEGABYTES ROLE."""

import resource
import sys

from streams.agents.worker import run_worker
from streams.settings import load_settings

if __name__ == "__main__":
    _bytes = int(sys.argv[1]) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (_bytes, _bytes))
    run_worker(sys.argv[2], load_settings(None))  # type: ignore[arg-type]
