"""A simulated shop and a reading app with visitors, bots and mishaps: traffic whose truth is known."""

from streams.simulate.demo import write_demo
from streams.simulate.options import SimulationOptions, SimulationSummary
from streams.simulate.simulation import simulate

__all__ = ["SimulationOptions", "SimulationSummary", "simulate", "write_demo"]
