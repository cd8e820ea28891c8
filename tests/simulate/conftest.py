"""One simulation for the whole folder, and its truth."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.simulate import SimulationOptions, SimulationSummary, simulate


class Simulated(msgspec.Struct, frozen=True):
    """What one simulation wrote."""

    options: SimulationOptions
    summary: SimulationSummary
    lines: list[str]
    truth: list[dict[str, Any]]
    """Of each line."""
    visitors: list[dict[str, Any]]

    @property
    def messages(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Every readable message with its truth."""
        pairs = zip(self.lines, self.truth, strict=True)
        return [(json.loads(line), truth) for line, truth in pairs if truth["kind"] != "broken"]


def run(folder: Path, options: SimulationOptions) -> Simulated:
    """Simulate into a folder and read everything back."""
    summary = simulate(options, folder / "events", folder / "truth")
    truth = [json.loads(line) for line in (folder / "truth").read_text().splitlines()]
    of_lines = [entry for entry in truth if entry["kind"] != "visitor"]
    visitors = [entry for entry in truth if entry["kind"] == "visitor"]
    return Simulated(options, summary, (folder / "events").read_text().splitlines(), of_lines, visitors)


@pytest.fixture(scope="session")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Three days of both apps."""
    return run(tmp_path_factory.mktemp("segment"), SimulationOptions(events=12_000, seed=7, days=3))


@pytest.fixture(scope="session")
def combined(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """A day of the shop's access log."""
    options = SimulationOptions(events=4_000, seed=7, days=1, format="combined")
    return run(tmp_path_factory.mktemp("combined"), options)
