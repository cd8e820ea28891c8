import socket
import subprocess
import sys
from pathlib import Path

from streams.kafka.embedded import EmbeddedBroker
from tests.kafka.waiting import wait_until

CHILD = """
import sys, time
from pathlib import Path
from streams.kafka.embedded import EmbeddedBroker
broker = EmbeddedBroker(Path(sys.argv[1])).start()
print(broker.pid, flush=True)
time.sleep(600)
"""


def accepts(bootstrap: str) -> bool:
    """True when someone listens there."""
    host, port = bootstrap.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_it_listens_on_loopback_until_it_is_stopped(tmp_path: Path) -> None:
    """And has no process afterwards."""
    with EmbeddedBroker(tmp_path / "log") as broker:
        bootstrap = broker.bootstrap
        assert bootstrap.startswith("127.0.0.1:")
        assert broker.pid > 0
        assert accepts(bootstrap)
    assert broker.pid == 0
    assert not accepts(bootstrap)


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    """Also when the parent is killed and can tell nobody."""
    parent = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path / "log")], stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
    wait_until(lambda: not running(pid), 10, "the broker is gone")


def running(pid: int) -> bool:
    """True for a process that is not only waiting to be buried."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
