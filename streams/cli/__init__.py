"""The command `thalweg`: the only place that composes the parts."""

from streams.cli.main import main

__all__ = ["main"]
