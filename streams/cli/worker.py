"""`thalweg worker enrich|sessions|rebuild`: a production worker."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from streams.agents.worker import run_worker
from streams.rebuild.schedule import run_schedule
from streams.settings import load_settings

Role = Literal["enrich", "sessions", "rebuild"]


def worker(
    role: Annotated[Role, typer.Argument(help="Which worker.")],
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
) -> None:
    """Run one worker until SIGTERM; settings come from thalweg.yaml and THALWEG_… variables."""
    settings = load_settings(config)
    if role == "rebuild":
        run_schedule(settings)
    else:
        run_worker(role, settings)
