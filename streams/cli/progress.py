"""Progress of long work on stderr; stdout carries results only."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

PHASES = {
    "store": "opening the store",
    "broker": "starting the broker",
    "load": "loading",
    "process": "enriching and folding",
    "stop": "stopping",
    "rebuild": "rebuilding what earlier runs began",
}


class Drawn:
    """What is drawn while it is entered."""

    _progress: Progress

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._progress.stop()


class RunProgress(Drawn):
    """A Reporter that draws with rich: phases, records loaded, outcomes stored, workers restarted."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=not console.is_terminal)
        self._task = self._progress.add_task("", total=None, note="")
        self._total = 0

    def phase(self, name: str) -> None:
        """A new phase begins."""
        self._progress.update(self._task, description=PHASES.get(name, name))

    def loaded(self, records: int) -> None:
        """So many records are on the raw topic."""
        self._total = records
        self._progress.update(self._task, note=f"{records:,} records loaded")

    def stored(self, outcomes: int) -> None:
        """So many outcomes are in the store."""
        self._progress.update(
            self._task, total=self._total, completed=outcomes, note=f"{outcomes:,} of {self._total:,} stored"
        )

    def note(self, text: str) -> None:
        """A word for the person who waits."""
        self._progress.console.print(text, markup=False)

    def restarted(self, worker: str) -> None:
        """A worker died and was started again."""
        self._progress.console.print(f"the {worker} worker died and was restarted")


class EventProgress(Drawn):
    """How many stored events are read; on a terminal only."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (
            SpinnerColumn(),
            TextColumn("reading events"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("", total=None)

    def read(self, events: int, total: int) -> None:
        """So many of so many."""
        self._progress.update(self._task, completed=events, total=total)
