"""The house: lock, tools, layout, and what no file may hold."""

import ast
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
TOP = set(".ci .gitignore LICENSE Makefile README.md docs k8s models pyproject.toml requirements streams tests".split())
HOSTS = [
    ".".join(parts.split())
    for parts in (
        "pypi org,pythonhosted org,npmjs org,crates io,repo maven apache org,maven org,proxy golang org,debian org,"
        "docker io,ghcr io"
    ).split(",")
]
"""Put together here, so that this file does not hold them either."""


def tracked() -> list[Path]:
    """Every file under version control."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def locked(file: Path) -> dict[str, str]:
    """Name → version of a lock file."""
    return dict(re.findall(r"^([\w.-]+)==([\w.!+]+)", file.read_text(), re.MULTILINE))


def wanted(*extras: str) -> set[str]:
    """Normalized names of what pyproject.toml asks for."""
    project = PROJECT["project"]
    words = [*project["dependencies"], *(word for extra in extras for word in project["optional-dependencies"][extra])]
    return {re.split(r"[\[<>=!~; ]", word)[0].lower().replace("_", "-") for word in words}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda file: file.name)
def test_each_pin_has_hashes_and_no_address(lock: Path) -> None:
    """Any index will do for pip --require-hashes: what it gives is checked."""
    text = lock.read_text()
    pins = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]

    assert [pin.split()[0] for pin in pins if not re.search(r"--hash=sha256:[0-9a-f]{64}", pin)] == []
    assert [pin.split()[0] for pin in pins if "==" not in pin.split()[0]] == []
    assert not re.search(r"://|^-|index-url|find-links", text, re.MULTILINE)


def test_locks_hold_what_the_project_asks_for() -> None:
    """Everything in all.lock; worker.lock is the part of it without embedded parts and tools, at the same versions."""
    everything, worker = (locked(ROOT / "requirements" / name) for name in ("all.lock", "worker.lock"))

    assert wanted("embedded", "dev") <= {name.lower() for name in everything}
    assert wanted() <= set(worker)
    assert set(worker.items()) < set(everything.items())
    assert not {"chdb", "pytest", "maxminddb-geolite2"} & set(worker)


def test_the_image_with_models_holds_the_workers_and_the_extra() -> None:
    """At the versions of all.lock; no embedded parts, no tools."""
    everything, worker, models = (
        locked(ROOT / "requirements" / f"{name}.lock") for name in ("all", "worker", "models")
    )

    assert set(worker.items()) < set(models.items()) < set(everything.items())
    assert wanted("models") <= {name.lower() for name in models}
    assert not {"chdb", "pytest", "maxminddb-geolite2"} & set(models)


def test_exact_dependencies_are_locked_as_they_stand() -> None:
    """A lock made before pyproject.toml changed would be seen."""
    everything = locked(ROOT / "requirements" / "all.lock")
    words = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["embedded"]]

    exact = dict(re.findall(r"^([\w-]+)==([\w.]+)$", "\n".join(words), re.MULTILINE))
    assert exact
    assert exact == {name: everything[name] for name in exact}


def test_no_file_names_a_registry_or_this_machine() -> None:
    """Addresses of package registries and paths of a machine belong to the machine."""
    forbidden = re.compile("|".join([*map(re.escape, HOSTS), "/work/(?:main|shared)", "/" + "root/"]).encode())

    assert [str(file) for file in tracked() if forbidden.search(file.read_bytes())] == []
    assert forbidden.search(b"see https://" + HOSTS[0].encode())


def test_no_data_set_is_committed() -> None:
    """Logs and databases lie beside the checkout, not in it; no file is large."""
    files = tracked()

    assert [str(file) for file in files if file.suffix in {".log", ".gz", ".mmdb", ".zip"}] == []
    assert [str(file) for file in files if file.stat().st_size > 512 * 1024] == []


def test_top_level_is_as_designed() -> None:
    """A new thing finds its place in a folder that exists."""
    assert {file.relative_to(ROOT).parts[0] for file in tracked()} <= TOP


def test_licence_is_apache() -> None:
    """The file, the metadata and the readme agree."""
    assert "Apache License\n" in (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in (ROOT / "LICENSE").read_text()
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache-2.0" in (ROOT / "README.md").read_text()


def make(*words: str) -> str:
    """What make would print."""
    done = subprocess.run(
        ["make", "--no-print-directory", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_help_is_the_default_and_tells_every_task() -> None:
    """Every phony target has its words."""
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    assert re.findall(r"^  make ([a-z-]+) +\S", make(), re.MULTILINE) == phony.split()


def test_install_is_done_once() -> None:
    """A later task finds the stamp and installs nothing; a newer lock makes it install."""
    stamp, lock = ROOT / ".venv" / ".installed", ROOT / "requirements" / "all.lock"
    if not stamp.exists() or stamp.stat().st_mtime < max(
        lock.stat().st_mtime, (ROOT / "pyproject.toml").stat().st_mtime
    ):
        pytest.skip("not installed by make")

    assert "pip" not in make("--dry-run", "install")
    assert make("--dry-run", f"--what-if={lock.relative_to(ROOT)}", "install").count("pip") >= 3


def test_ci_runs_every_check() -> None:
    """A shell script that stops at the first failure."""
    script = ROOT / ".ci" / "run"
    text = script.read_text()

    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in text
    assert re.findall(r"^step make (\S+)$", text, re.MULTILINE) == ["install", "lint", "test", "test-kafka"]
    subprocess.run(["bash", "-n", script], check=True)


def test_contracts_know_every_module() -> None:
    """A new module of streams stands in the import contracts from its first day."""
    contracts = {contract["name"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}
    listed = set(contracts["Only cli composes: nothing imports it"]["source_modules"]) | {"streams.cli"}
    faustless = set(contracts["Only agents and kafka import Faust"]["source_modules"])

    modules = {
        f"streams.{path.stem}"
        for path in (ROOT / "streams").iterdir()
        if path.stem != "__init__" and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert modules <= listed
    assert modules - faustless == {"streams.agents", "streams.kafka"}


def test_hatch_builds_both_packages() -> None:
    """The wheel holds streams and models."""
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["streams", "models"]


def test_every_test_says_what_holds() -> None:
    """A test's first line states the behaviour."""
    silent = [
        f"{file.relative_to(ROOT)}: {node.name}"
        for file in tracked()
        if file.name.startswith("test_") and file.suffix == ".py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        if not ast.get_docstring(node)
    ]

    assert silent == []
