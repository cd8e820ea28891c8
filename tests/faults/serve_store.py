"""The embedded store's server with a password that outlives it: ``-m tests.faults.serve_store DIR PORT VARIABLE``."""

import os
import sys
from pathlib import Path

from streams.warehouse.embedded.__main__ import serve

if __name__ == "__main__":
    _dir, _port, _variable = sys.argv[1:]
    sys.exit(serve(Path(_dir), int(_port), os.getppid(), os.environ[_variable]))
