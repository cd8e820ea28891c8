"""The key file under a running worker: what is forgotten there is soon forgotten in memory too."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.errors import ConfigError
from streams.keyring.file import changing
from streams.keyring.period import period_of
from streams.keyring.reload import KeyFile
from streams.keyring.ring import Needed
from streams.keyring.text import write_keys
from streams.keyring.tree import forget, grow
from streams.settings import Settings
from streams.watched import Change

NEEDED: list[Needed] = [("visitors", "daily")]
SECRET = b"s" * 32
DAY = date(2026, 5, 21)
NEXT = date(2026, 5, 22)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A key file with the key that is needed."""
    with changing(tmp_path / "visitor.keys", may_be_new=True) as trees:
        trees["visitors"] = grow("daily", b"r" * 32)
    return tmp_path / "visitor.keys"


def watch(file: Path) -> KeyFile:
    """The keys of that file, in use."""
    return KeyFile(Settings(keys_file=file), NEEDED, SECRET)


def looks(keys: KeyFile) -> list[Change]:
    """What two looks tell: a file is opened when it stood still between them."""
    return keys.check() + keys.check()


def test_a_day_that_is_forgotten_in_the_file_is_forgotten_in_the_worker(file: Path) -> None:
    """After two looks; the other days keep their keys, and nothing happens where nothing changed."""
    keys = watch(file)
    before, other = keys.ring.key("visitors", DAY, "daily"), keys.ring.key("visitors", NEXT, "daily")
    assert looks(keys) == []
    with changing(file) as trees:
        number = period_of("daily", DAY)
        trees["visitors"] = forget(trees["visitors"], number, number)

    assert keys.ring.key("visitors", DAY, "daily") == before  # until it is looked at
    assert looks(keys) == [Change("keys_file")]
    assert keys.ring.key("visitors", DAY, "daily") is None
    assert keys.ring.key("visitors", NEXT, "daily") == other


def test_a_file_that_cannot_be_used_is_told_and_the_keys_in_use_stay(file: Path) -> None:
    """Readable by others, without the key that rules name, no key file, gone; then mended."""
    keys, text = watch(file), file.read_text()
    key = keys.ring.key("visitors", DAY, "daily")

    def told(text: str, mode: int = 0o600) -> str:
        file.unlink(missing_ok=True)
        file.write_text(text)
        file.chmod(mode)
        (change,) = looks(keys)
        return change.problem

    assert "no key visitors" in told(write_keys({}))
    assert "no JSON" in told("no keys")
    assert "others may read" in told(text, 0o644)
    file.chmod(0o600)  # nothing else changes, its time neither
    assert looks(keys) == [Change("keys_file")]
    file.unlink()
    assert ["cannot be read" in change.problem for change in looks(keys)] == [True]
    assert keys.ring.key("visitors", DAY, "daily") == key
    assert told(text) == ""
    assert keys.ring.key("visitors", DAY, "daily") == key


def test_keys_of_the_environment_are_not_watched_and_missing_ones_stop_the_start(file: Path) -> None:
    """Nobody can change a running worker's environment."""
    text = SecretStr(file.read_text())

    keys = KeyFile(Settings(keys=text, keys_file=file), NEEDED, SECRET)
    assert not keys.is_watching
    assert keys.check() == []
    assert watch(file).is_watching
    with pytest.raises(ConfigError, match="there is no key others"):
        KeyFile(Settings(keys_file=file), [("others", "daily")], SECRET)
