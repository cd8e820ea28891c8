import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app
from streams.errors import ConfigError
from streams.keyring.file import load_keys
from streams.keyring.period import period_of, today
from streams.keyring.tree import key_of


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The key file that the settings name; not there yet."""
    monkeypatch.setenv("THALWEG_KEYS_FILE", str(tmp_path / "keys"))
    return tmp_path / "keys"


def keys(*words: str) -> Result:
    """`thalweg rules keys …`, which must succeed, and must show nothing of a key."""
    done = CliRunner().invoke(app, ["rules", "keys", *words])
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done


def refused(*words: str) -> ConfigError:
    """The error of a command that must fail."""
    done = CliRunner().invoke(app, ["rules", "keys", *words])
    assert isinstance(done.exception, ConfigError), done.output
    return done.exception


def listed() -> list[dict[str, object]]:
    """`keys list --json`."""
    return [json.loads(line) for line in keys("list", "--json").output.splitlines()]


def test_a_key_is_made_listed_renewed_and_forgotten(file: Path) -> None:
    """The life of a key; no output holds any of its nodes."""
    now = period_of("daily", today())
    outputs = [keys("rotate", "visitors", "--rotation", "daily").output]
    first = load_keys(file)["visitors"]
    outputs.append(keys("rotate", "visitors").output)
    second = load_keys(file)["visitors"]
    outputs.append(keys("forget", "visitors", "--before", today().isoformat(), "--yes").output)
    third = load_keys(file)["visitors"]
    outputs += [keys("list").output, keys("list", "--json").output]

    assert key_of(second, now + 1) == key_of(first, now + 1)
    assert key_of(second, now + 2) not in (None, key_of(first, now + 2))
    assert key_of(third, now - 1) is None
    assert key_of(third, now) == key_of(first, now)
    yesterday = (today() - timedelta(1)).isoformat()
    assert listed() == [
        {"key": "visitors", "rotation": "daily", "forgotten": [{"first": "1970-01-01", "last": yesterday}]}
    ]
    nodes = [secret.hex() for tree in (first, second, third) for secret in tree.nodes.values()]
    assert not [node for node in nodes for output in outputs if node[:8] in output]


def test_one_day_can_be_forgotten_alone_and_a_key_as_a_whole(file: Path) -> None:
    """The days around it live on; ``--all`` leaves nothing."""
    keys("rotate", "visitors", "--rotation", "daily")
    keys("forget", "visitors", "--day", "2026-05-21", "--yes")
    assert listed()[0]["forgotten"] == [{"first": "2026-05-21", "last": "2026-05-21"}]
    keys("forget", "visitors", "--all", "--yes")

    assert load_keys(file)["visitors"].nodes == {}


def test_a_month_is_forgotten_as_a_whole(file: Path) -> None:
    """``--before`` takes the months that ended before the day's, ``--day`` the day's own."""
    keys("rotate", "visitors", "--rotation", "monthly")
    keys("forget", "visitors", "--before", "2026-03-31", "--yes")
    keys("forget", "visitors", "--day", "2026-05-21", "--yes")

    assert listed()[0]["forgotten"] == [
        {"first": "1970-01", "last": "2026-02"}, {"first": "2026-05", "last": "2026-05"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("rotate", "new"), "how often does it rotate"),
        (("rotate", "new", "--rotation", "hourly"), "how often does it rotate"),
        (("rotate", "No!", "--rotation", "daily"), "cannot name a key"),
        (("rotate", "visitors", "--rotation", "monthly"), "rotates daily"),
        (("rotate", "visitors", "--from", "2020-01-01"), "has begun"),
        (("rotate", "lasting"), "does not rotate"),
        (("forget", "other", "--all", "--yes"), "there is no key other"),
        (("forget", "visitors", "--yes"), "which periods"),
        (("forget", "visitors", "--all", "--day", "2026-01-01", "--yes"), "which periods"),
        (("forget", "visitors", "--before", "1970-01-01", "--yes"), "no period ended"),
        (("forget", "lasting", "--before", "2026-01-01", "--yes"), "one period"),
        (("forget", "visitors", "--all"), "cannot be undone"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(file: Path, words: tuple[str, ...], told: str) -> None:
    """The words, the mend, and the file as it was."""
    keys("rotate", "visitors", "--rotation", "daily")
    keys("rotate", "lasting", "--rotation", "none")
    before = file.read_text()
    error = refused(*words)

    assert told in str(error)
    assert error.mend
    assert file.read_text() == before


def test_keys_of_the_environment_can_be_listed_and_not_changed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come from somewhere no command can write."""
    keys("rotate", "visitors", "--rotation", "daily")
    monkeypatch.setenv("THALWEG_KEYS", file.read_text())

    assert listed()[0]["key"] == "visitors"
    assert "THALWEG_KEYS" in str(refused("rotate", "visitors"))


def test_without_a_file_the_command_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``keys_file`` or ``--store``; a folder that is no store is refused."""
    monkeypatch.delenv("THALWEG_KEYS_FILE", raising=False)

    assert "keys_file" in refused("list").mend
    assert "no store" in str(refused("list", "--store", str(tmp_path)))
