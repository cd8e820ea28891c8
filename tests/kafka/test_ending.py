import subprocess
import sys

import pytest

from streams.kafka.ending import end_process
from tests.kafka.workers import ROOT

HANGS = """
import threading
from streams.kafka.ending import end_process

threading.Thread(target=threading.Event().wait, name="client").start()
end_process(7, patience=0.1)
"""


def test_a_thread_that_hangs_does_not_keep_the_process() -> None:
    """It ends all the same, with its code, and says who it left behind."""
    ended = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )

    assert ended.returncode == 7
    assert "leaving without client" in ended.stderr


def test_without_such_a_thread_it_is_a_plain_exit() -> None:
    """What was registered for the end is run."""
    with pytest.raises(SystemExit) as ended:
        end_process(3)
    assert ended.value.code == 3
