"""Workers killed with SIGKILL at every point between two effects: the same tables as a run that nobody disturbed."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.run.embedded import RunOptions, run
from streams.simulate import write_demo
from tests.flow.conftest import contents, reading

EVENTS = int(os.environ.get("THALWEG_TEST_KILL_EVENTS", "20000"))
POINTS = [
    "enrich.before_send",
    "enrich.after_send",
    "enrich.after_commit",
    "sessions.before_insert",
    "sessions.after_insert",
    "sessions.after_changelog",
    "sessions.after_commit",
]
FAILING_WORKER = Path(__file__).with_name("failing_worker.py")


class Silent:
    """A reporter that only counts restarts."""

    def phase(self, name: str) -> None: ...
    def loaded(self, records: int) -> None: ...
    def stored(self, outcomes: int) -> None: ...
    def restarted(self, worker: str) -> None: ...
    def note(self, text: str) -> None: ...


class Control:
    """The undisturbed run: its input, secret and tables."""

    def __init__(self, folder: Path) -> None:
        self.source = write_demo(folder, EVENTS, 11)
        self.store = folder / "store"
        self.summary = run(RunOptions(inputs=[self.source], format="segment", store=str(self.store)), Silent())
        self.tables = self.everything(self.store)

    @staticmethod
    def everything(store: Path) -> dict[str, Any]:
        """Both views, and the ledger."""
        with reading(store) as client:
            ledger = client.execute("SELECT app_id, hour, outcome, reason, n FROM thalweg.ledger ORDER BY ALL")
            return {**contents(client), "ledger": ledger}


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Control:
    """One undisturbed run for all."""
    return Control(tmp_path_factory.mktemp("control"))


@pytest.mark.parametrize("point", POINTS)
def test_invariant_5_killed_between_effects_the_tables_are_the_same(
    point: str, control: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill -9 at the point, once; the supervisor restarts the worker; every row but version is equal."""
    store = tmp_path / "store"
    store.mkdir(mode=0o700)
    (store / "secret").touch(mode=0o600)
    (store / "secret").write_bytes((control.store / "secret").read_bytes())
    flag = tmp_path / "killed"
    # many small batches, committed soon: the point lies in the midst of the work
    monkeypatch.setenv("THALWEG_FLUSH__ROWS", "2000")
    monkeypatch.setenv("THALWEG_FLUSH__INTERVAL", "0.1")
    monkeypatch.setenv("THALWEG_KAFKA__COMMIT_INTERVAL", "0.1")
    nth = "1" if point.endswith("after_commit") else "2"
    command = [sys.executable, str(FAILING_WORKER), point, nth, str(flag)]
    summary = run(
        RunOptions(inputs=[control.source], format="segment", store=str(store), worker_command=command), Silent()
    )

    assert flag.exists(), "the point was never reached"
    # a commit may be the last act of a worker that is being stopped: then there is nobody to restart
    assert summary.restarts == 1 or (point.endswith("after_commit") and summary.restarts == 0)
    assert summary.records == control.summary.records
    assert Control.everything(store) == control.tables
