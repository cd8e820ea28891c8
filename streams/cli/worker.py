"""`thalweg worker enrich|sessions`: a production worker."""

from pathlib import Path
from typing import Annotated

import typer

from streams.agents.worker import Role, run_worker
from streams.settings import load_settings


def worker(
    role: Annotated[Role, typer.Argument(help="Which worker.")],
    config: Annotated[Path | None, typer.Option("--config", help="thalweg.yaml")] = None,
) -> None:
    """Run one worker until SIGTERM; settings come from thalweg.yaml and THALWEG_… variables."""
    run_worker(role, load_settings(config))
