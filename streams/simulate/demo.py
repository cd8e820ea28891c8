"""The demo's traffic."""

from pathlib import Path

from streams.simulate.options import SimulationOptions
from streams.simulate.simulation import simulate


def write_demo(folder: Path, events: int, seed: int) -> Path:
    """Write ``events.jsonl`` and ``truth.jsonl`` into the folder; the path of the events. Format: ``segment``."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "events.jsonl"
    simulate(SimulationOptions(events=events, seed=seed), source, folder / "truth.jsonl")
    return source
