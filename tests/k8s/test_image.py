"""The image holds requirements/worker.lock and nothing else: the workers must start without the embedded parts."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IN_IMAGE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
{code}
"""


def normal(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def absent() -> set[str]:
    """Top-level modules of this environment that the image does not have."""
    lock = (ROOT / "requirements" / "worker.lock").read_text()
    there = {normal(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)} | {"thalweg"}
    return {
        module for module, owners in packages_distributions().items() if not {normal(each) for each in owners} & there
    }


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code as if in the image."""
    script = IN_IMAGE.format(absent=absent(), code=code)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False)


def test_embedded_parts_are_absent_there() -> None:
    """The check itself checks something."""
    assert {"chdb", "geolite2", "pytest"} <= absent()
    assert "No module named 'chdb'" in run("import chdb").stderr
    assert run("import faust, clickhouse_driver, re2, maxminddb").returncode == 0


@pytest.mark.parametrize("words", ["worker", "migrate", "load", "funnel", "report"])
def test_production_commands_start_there(words: str) -> None:
    """Without chdb, broker and tools the command line answers."""
    done = run(f"sys.argv = ['thalweg', {words!r}, '--help']\nfrom streams.cli import main\nmain()")

    assert done.returncode == 0, done.stderr
    assert f"thalweg {words}" in done.stdout


def test_a_report_there_says_what_is_missing() -> None:
    """The image for workers holds no models; the command says what to install."""
    done = run(
        "sys.argv = ['thalweg', 'report', '--store', 'clickhouse://127.0.0.1:1/x']\n"
        "from streams.cli import main\nmain()"
    )

    assert done.returncode == 2, done.stderr
    assert "needs the library" in done.stderr


def test_the_enrich_stages_run_there() -> None:
    """Geo data that is not installed means no geo, not a failure."""
    done = run(
        "from streams import pipeline\n"
        "from streams.settings import Settings\n"
        "pipeline.build(Settings(), b'x' * 32, 4)\n"
        "print('built')"
    )

    assert done.stdout == "built\n", done.stderr
