import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.errors import ConfigError
from streams.settings import load_settings
from streams.warehouse.target import open_target
from tests.flow.conftest import thalweg

STEPS = ("--steps", "page:/product/:id", "event:Product Added", "event:Order Completed")


@pytest.fixture(scope="module", autouse=True)
def running(demo: Path) -> Iterator[None]:
    """The store's server runs meanwhile: commands attach to it, as to a `store serve`."""
    with open_target(str(demo / "store"), load_settings(None)):
        yield


def funnel(demo: Path, *args: str) -> tuple[int, str, str]:
    """Exit code and what was printed."""
    done = thalweg("funnel", "--store", str(demo / "store"), *args)
    return done.returncode, done.stdout, done.stderr


def test_json_has_the_steps(demo: Path) -> None:
    """Position, step, count and conversion of each; groups beside them; nothing else on stdout."""
    code, out, _ = funnel(demo, *STEPS, "--app", "shop", "--by", "dvce_type", "--json")
    told = json.loads(out)

    assert code == 0
    assert [(s["position"], s["step"]) for s in told["steps"]] == list(enumerate(STEPS[1:], 1))
    assert told["steps"][0]["conversion"] == 1.0
    counts = [s["count"] for s in told["steps"]]
    assert counts == sorted(counts, reverse=True)
    assert counts[2] > 0
    assert sum(group["of"] for group in told["groups"].values()) == told["of"]


def test_the_printed_statement_gives_the_same_counts(demo: Path) -> None:
    """`thalweg sql` runs what --sql prints."""
    _, out, _ = funnel(demo, *STEPS, "--app", "shop", "--json")
    _, statement, _ = funnel(demo, *STEPS, "--app", "shop", "--sql")
    done = thalweg("sql", "--store", str(demo / "store"), statement, "--format", "JSONCompactEachRow")

    assert [int(n) for n in json.loads(done.stdout)] == [step["count"] for step in json.loads(out)["steps"]]


def test_a_funnel_is_saved_counted_from_its_file_drawn_and_recorded(demo: Path, tmp_path: Path) -> None:
    """As a person goes: draw, save, come back."""
    saved, plot = tmp_path / "funnels.yaml", tmp_path / "buy.html"
    _, first, _ = funnel(demo, *STEPS, "--name", "buy", "--within", "2h", "--save", str(saved), "--json")
    code, again, err = funnel(demo, "--file", str(saved), "--name", "buy", "--json", "--plot", str(plot), "--record")

    assert (code, first) == (0, again), err
    assert "<h2>buy</h2>" in plot.read_text()
    done = thalweg("sql", "--store", str(demo / "store"), "SELECT name, sessions FROM funnels_v", "--format", "CSV")
    assert done.stdout == f'"buy",{json.loads(first)["steps"][0]["count"]}\n'


def test_a_table_for_people_with_what_is_left_out(demo: Path) -> None:
    """Counts on stdout; bots, and a step that nobody takes, on stderr."""
    code, out, err = funnel(demo, "--steps", "page:/product/:id", "event:Product added")

    assert code == 0
    assert "100.0%" in out
    assert "sessions of bots" in err
    assert "did you mean event:Product Added" in " ".join(err.split())


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "--steps: 0 steps"),
        (("--steps", "/product"), "'/product' is no step"),
        (("--steps", "page:/", "--within", "soon"), "--within: 'soon' is no duration"),
        (("--file", "nowhere.yaml"), "nowhere.yaml: cannot be read"),
        (("--steps", "page:/", "--by", "dvce type"), "cannot name a database, table or column"),
    ],
)
def test_a_bad_wish_is_told(args: tuple[str, ...], words: str, demo: Path) -> None:
    """In words, with a mend; nothing is printed."""
    result = CliRunner().invoke(app, ["funnel", "--store", str(demo / "store"), *args])

    assert isinstance(result.exception, ConfigError)
    assert words in str(result.exception)
    assert result.exception.mend
    assert result.stdout == ""


def test_a_column_that_is_none_is_told_by_the_store(demo: Path) -> None:
    """Exit 3."""
    code, _, err = funnel(demo, "--steps", "page:/", "--by", "nothing")

    assert code == 3
    assert "nothing" in err


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """An environment in which numpy is not there."""
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError(\"No module named 'numpy'\", name='numpy')\n")
    return {"PYTHONPATH": f"{tmp_path}:{':'.join(p for p in sys.path if p)}"}


@pytest.mark.parametrize("words", [("funnel", "--steps", "page:/"), ("report",)], ids=lambda words: words[0])
def test_without_the_extra_the_command_says_so(words: tuple[str, ...], bare: dict[str, str], demo: Path) -> None:
    """What is missing, and what to install."""
    done = thalweg(*words, "--store", str(demo / "store"), env=bare)

    assert done.returncode == 2
    assert f"`thalweg {words[0]}` needs the library numpy" in done.stderr
    assert "pip install 'thalweg[models]'" in done.stderr


def test_a_report_is_written(demo: Path, tmp_path: Path) -> None:
    """With saved funnels, for one app and a time range."""
    saved, out = tmp_path / "funnels.yaml", tmp_path / "shop.html"
    saved.write_text('funnels: [{name: Look, steps: ["page:/", "page:/product/:id"]}]')
    done = thalweg(
        "report", "--store", str(demo / "store"), "--app", "shop", "--funnels", str(saved), "--out", str(out)
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{out}: ")
    assert "<h1>Sessions of shop</h1>" in out.read_text()
    assert "<h3>Look</h3>" in out.read_text()
