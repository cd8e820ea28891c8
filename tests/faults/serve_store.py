"""The embedded store's server with a password that outlives it: python -m tests.faults.serve_store DIR PORT."""

import os
import sys
from pathlib import Path

from streams.warehouse.embedded.__main__ import serve

PASSWORD_VARIABLE = "FAULTS_STORE_PASSWORD"

if __name__ == "__main__":
    _dir, _port = sys.argv[1:3]
    sys.exit(serve(Path(_dir), int(_port), os.getppid(), os.environ[PASSWORD_VARIABLE]))
