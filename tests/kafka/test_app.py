"""How a worker ends when it cannot begin."""

import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from streams.errors import ConfigError
from streams.kafka.app import make_app
from streams.settings import Settings
from tests.kafka.worker import Plan
from tests.kafka.workers import ROOT


def test_a_broker_that_went_away_before_the_start_is_told_in_words(tmp_path: Path) -> None:
    """The last line says who does not answer, and what to look at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{probe.getsockname()[1]}"
    plan = Plan(topic="in", out=str(tmp_path / "out"), kafka={"brokers": nobody})
    ended = subprocess.run(
        [sys.executable, "-m", "tests.kafka.worker", msgspec.json.encode(plan).decode()],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )

    assert ended.returncode != 0
    assert f"ContractError: no answer from Kafka at {nobody}" in ended.stderr


def test_a_data_dir_that_can_be_no_folder_is_refused_in_words(tmp_path: Path) -> None:
    """A file stands in its way: named, with why and the mend."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"data_dir .*file: Not a directory"):
        make_app("sessions", Settings(data_dir=tmp_path / "file"))
