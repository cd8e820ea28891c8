"""`thalweg store serve`: the embedded warehouse as a server on loopback."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The embedded warehouse.")


@app.callback()
def _group() -> None:
    """The embedded warehouse."""


@app.command("serve")
def serve(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The store's folder.")],
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.")] = 0,
) -> None:
    """Serve a store on loopback until SIGTERM or Ctrl-C; DIR/server.json (mode 0600) holds port, pid and password."""
    from streams.warehouse.embedded.__main__ import serve as serve_store  # noqa: PLC0415 - needs the extra `embedded`

    serve_store(folder, port, None)
