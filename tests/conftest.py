"""A demo for all who read one; and Hypothesis' profiles: the everyday one; ``ci``, the same each time; ``long``.

``pytest --hypothesis-profile=long`` chooses one. None has a deadline: a busy machine is no bug.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("everyday", deadline=None)
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "everyday")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one small ``thalweg demo``, for all who read: ``store`` and ``report.html``."""
    from tests.flow.conftest import thalweg

    folder = tmp_path_factory.mktemp("demo") / "demo"
    done = thalweg("demo", "--events", "4000", "--dir", str(folder))
    assert done.returncode == 0, done.stderr
    assert f"Report: {folder / 'report.html'}" in done.stdout
    return folder
