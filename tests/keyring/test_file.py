import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streams.errors import ConfigError
from streams.keyring.file import changing, load_keys
from streams.keyring.tree import forget, grow


def make(file: Path) -> None:
    """A file with one key."""
    with changing(file, may_be_new=True) as trees:
        trees["visitors"] = grow("daily", bytes(range(32)))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """All nodes, mode 0600."""
    file = tmp_path / "keys"
    make(file)
    with changing(file) as trees:
        trees["visitors"] = forget(trees["visitors"], 3, 900)

    assert load_keys(file) == {"visitors": forget(grow("daily", bytes(range(32))), 3, 900)}
    assert file.stat().st_mode & 0o777 == 0o600


def test_no_trace_of_a_forgotten_root_stays_in_the_folder(tmp_path: Path) -> None:
    """Drafts are gone, and the file holds the old root no more."""
    file = tmp_path / "keys"
    make(file)
    root = bytes(range(32)).hex()
    assert root in file.read_text()
    with changing(file) as trees:
        trees["visitors"] = forget(trees["visitors"], 0, 1)

    assert not [path for path in tmp_path.iterdir() if root in path.read_text()]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".keys.lock", "keys"]


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    """The block ended badly: the file stays as it was."""
    file = tmp_path / "keys"
    make(file)
    before = file.read_text()

    def fail() -> None:
        with changing(file) as trees:
            trees.clear()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert file.read_text() == before


def test_changes_at_once_follow_each_other(tmp_path: Path) -> None:
    """No change is lost to another one."""
    file = tmp_path / "keys"

    def add(number: int) -> None:
        with changing(file, may_be_new=True) as trees:
            trees[f"key{number}"] = grow("none", os.urandom(32))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(24)))

    assert len(load_keys(file)) == 24


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With the mend."""
    file = tmp_path / "keys"
    make(file)
    file.chmod(mode)
    with pytest.raises(ConfigError, match="others may read the keys") as refused:
        load_keys(file)

    assert "chmod 600" in refused.value.mend


SECRET = "5ec2e7" * 10 + "0000"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no json " + SECRET, "no JSON"),
        (json.dumps({"version": 2, "keys": {"a": SECRET}}), "version 1"),
        (json.dumps({"version": 1, "keys": {SECRET.upper() + "!": {}}}), "no readable id"),
        (json.dumps({"version": 1, "keys": {"a": {"rotation": SECRET, "nodes": {}}}}), "needs a rotation"),
        (json.dumps({"version": 1, "keys": {"a": {"rotation": "daily", "nodes": {"0/0": SECRET[:-1]}}}}), "a node"),
        (json.dumps({"version": 1, "keys": {"a": {"rotation": "daily", "nodes": {"17/0": SECRET}}}}), "a node"),
        (json.dumps({"version": 1, "keys": {"a": {"rotation": "daily", "nodes": {"1/2": SECRET}}}}), "a node"),
        (json.dumps({"version": 1, "keys": {"a": {"rotation": "daily", "nodes": {SECRET: SECRET}}}}), "a node"),
    ],
)
def test_what_is_no_key_file_is_refused_without_showing_it(tmp_path: Path, text: str, told: str) -> None:
    """Which file and what; never its content, which is secret even when it is broken."""
    file = tmp_path / "keys"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigError, match=told) as refused:
        load_keys(file)

    assert str(file) in str(refused.value)
    assert SECRET[:12] not in str(refused.value).lower()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As a mistake of configuration."""
    with pytest.raises(ConfigError, match="cannot be written"), changing(tmp_path / "no" / "keys", may_be_new=True):
        pass
    with pytest.raises(ConfigError, match="cannot be read"):
        load_keys(tmp_path / "keys")
