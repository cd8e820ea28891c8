"""The pages tell the truth: commands run, links lead somewhere, tables are complete, made pages are current."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams import errors
from streams.cli.main import INTERRUPTED, app
from streams.config import CONFIG_VARIABLE, RESERVED, variables_of
from streams.errors import ThalwegError
from streams.kafka.app import EXIT_FAILED, SIGNALLED
from streams.outcome import Reason, Verdict
from streams.settings import Settings
from tests.fenced import Block, blocks
from tests.pages import pages

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted([README, ROOT / "k8s" / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCKS = [block for page in PAGES for block in blocks(page)]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
GROUPS = [group.name for group in app.registered_groups]
"""Commands that have commands of their own."""
MINUTE = 60
SHARED = Path(os.environ.get("THALWEG_SHARED", ROOT.parent / "shared"))
ELASTIC = SHARED / "data" / "access_elastic_semicomplete" / "apache_logs"
ELASTIC_LOG = "elastic log"


def name_of(value: object) -> str:
    """A page or a block in a test's name."""
    page = value.page if isinstance(value, Block) else value
    return str(page.relative_to(ROOT)) if isinstance(page, Path) else str(page)


def access_log() -> Iterator[str]:
    """Three visitors' requests over two hours, and a line that is none."""
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    for number in range(60):
        when = f"21/May/2026:{10 + number // 30}:{number % 30 * 2:02}:00 +0000"
        request = f'"GET /{("", "guide/", "prices/")[number % 3]} HTTP/1.1" 200 512'
        yield f'192.0.2.{number % 3 + 1} - - [{when}] {request} "-" "{agent}"'
    yield "not a line of a log"


def run(block: Block, place: Path) -> subprocess.CompletedProcess[str]:
    """Run a block as a reader would, in ``place``, stopping at its first failure."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("THALWEG_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.script],
        cwd=place,
        env={**ours, "PATH": path, "HOME": str(place)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=3 * MINUTE,
        check=False,
    )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where a reader stands who has done what README says, and what it printed."""
    place = tmp_path_factory.mktemp("reader")
    (place / "access.log").write_text("\n".join(access_log()) + "\n")
    output = ""
    for block in blocks(README):
        if not block.needs:
            done = run(block, place)
            assert done.returncode == 0, f"{block.script}\n{done.stdout}\n{done.stderr}"
            output += done.stdout
    return place, output


def test_readme_commands_give_sessions(reader: tuple[Path, str]) -> None:
    """The three visitors land on their pages, and every line is accounted for."""
    _, output = reader

    for landing in ("/", "/guide/", "/prices/"):
        assert re.search(rf"\s{landing}\s", output)
    assert '"accepted","",60' in output
    assert '"dead","syntax",1' in output


@pytest.mark.parametrize("block", [block for block in BLOCKS if not block.needs and block.page != README], ids=name_of)
def test_commands_of_the_pages_run(block: Block, reader: tuple[Path, str]) -> None:
    """Each block succeeds for a reader who has done what README says, and prints something."""
    place, _ = reader

    done = run(block, place)

    assert done.returncode == 0, f"{block.script}\n{done.stdout}\n{done.stderr}"
    assert done.stdout.strip()
    assert block.output in (None, done.stdout)


@pytest.mark.skipif(not ELASTIC.exists(), reason="Elastic's example log (../shared) is not here")
def test_commands_on_the_elastic_log_print_what_the_page_says(tmp_path: Path) -> None:
    """In order, in a folder that holds the log; where the page shows what comes out, that comes out."""
    (tmp_path / "apache_logs").symlink_to(ELASTIC)
    for block in BLOCKS:
        if block.needs == ELASTIC_LOG:
            done = run(block, tmp_path)

            assert done.returncode == 0, f"{block.script}\n{done.stdout}\n{done.stderr}"
            assert block.output in (None, done.stdout)


def test_each_need_is_a_known_one() -> None:
    """A block is left out only for what a test on this machine cannot give."""
    assert {block.needs for block in BLOCKS} == {
        "",
        "fresh clone",
        "cluster",
        "docker",
        "kubectl",
        "patience",
        ELASTIC_LOG,
    }
    assert sum(not block.needs for block in BLOCKS) >= 3


def commands_of(script: str, program: str) -> list[list[str]]:
    """The words of each line that starts ``program``, continued lines joined."""
    lines = script.replace("\\\n", " ").splitlines()
    return [line.split()[1:] for line in lines if line.split()[:1] == [program]]


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.needs], ids=name_of)
def test_commands_that_cannot_run_here_exist(block: Block) -> None:
    """Their make targets, commands, options, and the files they name are there."""
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for words in commands_of(block.script, "make"):
        assert set(words) <= set(targets)
    for words in commands_of(block.script, "thalweg"):
        name = words[:2] if words[0] in GROUPS else words[:1]
        help_text = CliRunner().invoke(app, [*name, "--help"], env={"COLUMNS": "200"}).output
        assert f"thalweg {' '.join(name)}" in help_text or f"root {' '.join(name)}" in help_text
        assert [word for word in words if word.startswith("--") and word not in help_text] == []
    for named in re.findall(r"\b(?:docs|k8s|tests)/[\w./]+", block.script):
        assert (ROOT / named).exists(), named


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link is a file of this repository."""
    links = re.findall(r"\]\(([^)#]+)", page.read_text())

    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_variables_named_are_settings(page: Path) -> None:
    """A THALWEG_ variable that a page names is one, or one that a test reads."""
    named = set(re.findall(r"THALWEG_[A-Z][A-Z_]*[A-Z]", page.read_text()))
    of_tests = {name for name in named if name.startswith("THALWEG_TEST_")} | {"THALWEG_CASES"}
    tests = "".join(file.read_text() for file in (ROOT / "tests").rglob("*.py") if file != Path(__file__))

    others = {name for name in named - of_tests if not name.startswith(RESERVED)}
    assert others <= {*variables_of(Settings), CONFIG_VARIABLE}
    assert [name for name in named & of_tests if f'"{name}"' not in tests] == []


@pytest.mark.parametrize("page", sorted(pages()), ids=str)
def test_made_pages_are_current(page: Path) -> None:
    """``make docs`` would change nothing."""
    assert (ROOT / page).read_text() == pages()[page]


def first_cells(page: Path, after: str, before: str | None = None) -> list[str]:
    """The code words in the first column of the tables between two texts."""
    text = page.read_text().split(after, 1)[1]
    return re.findall(r"^\| `?([\w]+)`? \|", text.split(before)[0] if before else text, re.MULTILINE)


def test_every_outcome_and_reason_is_explained() -> None:
    """docs/outcomes.md has each once, and no other."""
    page = ROOT / "docs" / "outcomes.md"

    assert first_cells(page, "# Outcomes", "An `accepted`") == ["outcome", *Verdict]
    assert sorted(first_cells(page, "The others:")) == sorted(["reason", *(reason for reason in Reason if reason)])


def test_each_reason_names_its_outcome() -> None:
    """The second column is a verdict."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs" / "outcomes.md").read_text(), re.MULTILINE)

    verdicts = {reason: verdict for reason, verdict in rows if reason in set(Reason)}
    assert len(verdicts) == len(Reason) - 1
    assert set(verdicts.values()) == set(Verdict) - {Verdict.ACCEPTED}


def test_every_exit_code_is_explained() -> None:
    """docs/operations.md has those of streams/errors.py, of a worker, and of an interruption."""
    own = {
        kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ThalwegError)
    }

    explained = first_cells(ROOT / "docs" / "operations.md", "## Exit codes", "## Watching")
    others = {0, EXIT_FAILED, os.EX_OSERR, INTERRUPTED, SIGNALLED + signal.SIGTERM}  # mode's, where memory ran out
    assert {code for code in explained if code.isdigit()} == {str(code) for code in own | others}


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_is_one_page_with_its_parts(page: Path) -> None:
    """Under 50 lines: status, context, decision, consequences, what was rejected."""
    text = page.read_text()

    assert len(text.splitlines()) < 50
    assert text.startswith(f"# {page.name[:4]}: ")
    parts = [
        text.index(part) for part in ("**Status:**", "## Context", "## Decision", "## Consequences", "## Rejected")
    ]
    assert parts == sorted(parts)


def test_decisions_are_numbered_and_listed() -> None:
    """Without a hole, and each in the index."""
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()

    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert re.findall(r"\]\((0\d+[\w-]+\.md)\)", index) == [page.name for page in DECISIONS]


def test_a_block_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """No block is passed over in silence; the comment right above it counts, and only that."""
    page = tmp_path / "page.md"
    page.write_text("<!-- needs: cluster -->\n```sh\na\n```\n\n  ```sh\n  b\n  c\n  ```\n")
    assert [(block.needs, block.script) for block in blocks(page)] == [("cluster", "a\n"), ("", "b\nc\n")]

    page.write_text("<!-- needs: cluster -->\n\n```sh\na\n```\n```sh\nb\n")
    with pytest.raises(ValueError, match="2 blocks begin, 1 can be read"):
        list(blocks(page))
