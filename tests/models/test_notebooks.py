import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import models

FOLDER = Path(models.__file__).parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: str(file.stem))
def test_a_notebook_runs_on_a_fresh_demo(file: Path, demo: Path) -> None:
    """From its first cell to its last, without an error."""
    notebook = nbformat.reads(file.read_text(), as_version=4)  # type: ignore[no-untyped-call]

    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": demo.parent}}
    ).execute()

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert sum(bool(cell.outputs) for cell in code) >= 4
    assert [out for cell in code for out in cell.outputs if out.get("name") == "stderr"] == []


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: str(file.stem))
def test_no_output_is_committed(file: Path) -> None:
    """What stands in the repository is text to run, not its results."""
    cells = json.loads(file.read_text())["cells"]

    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)


def test_there_are_four() -> None:
    """Discovery, exploring, funnels, a model of one's own."""
    names = ["discovery", "explore_sessions", "funnels", "train_your_own_model"]
    assert [file.stem for file in NOTEBOOKS] == names
