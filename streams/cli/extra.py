"""Commands that need an optional part of the installation say so in words."""

from collections.abc import Iterator
from contextlib import contextmanager

from streams.errors import ConfigError

MODELS = ("numpy", "scipy", "plotly", "pandas", "sklearn")


@contextmanager
def needs_models(command: str) -> Iterator[None]:
    """For the imports of a command that reads with ``models``. Raises ConfigError where its libraries are absent."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in MODELS:
            raise
        raise ConfigError(
            f"`thalweg {command}` needs the library {error.name}, which is not installed",
            "install the extra `models`: pip install 'thalweg[models]'",
        ) from None
