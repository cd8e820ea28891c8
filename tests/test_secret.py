"""Where the secret comes from, what is refused, and that it is made once."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.errors import ConfigError
from streams.keys import Keys
from streams.secret import others_may_read, read_secret, store_secret
from streams.settings import Settings

GOOD = "s3cret-" + "x" * 25
SHORT = GOOD[:-1]


def put(file: Path, text: str, mode: int = 0o600) -> Path:
    """A file with this text and mode."""
    file.write_text(text)
    file.chmod(mode)
    return file


def test_the_variable_goes_before_the_file(tmp_path: Path) -> None:
    """THALWEG_SECRET is taken, and the file is not even read."""
    settings = Settings(secret=SecretStr(GOOD), secret_file=tmp_path / "none")

    assert read_secret(settings) == GOOD.encode()


def test_the_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    """An editor's last newline is not part of the secret."""
    assert read_secret(Settings(secret_file=put(tmp_path / "s", GOOD + "\r\n"))) == GOOD.encode()


def test_no_secret_is_refused() -> None:
    """There is no default: the mend names both ways."""
    with pytest.raises(ConfigError, match="set THALWEG_SECRET, or secret_file"):
        read_secret(Settings())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_file_others_may_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """Any right of group or others refuses the file."""
    with pytest.raises(ConfigError, match=f"others may read the secret .mode {mode:04o}") as caught:
        read_secret(Settings(secret_file=put(tmp_path / "s", GOOD, mode)))

    assert GOOD not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"), [(SHORT, "has 31 characters, at least 32"), ("", "has 0 characters"), (GOOD + "\0", "NUL")]
)
def test_a_bad_secret_is_refused_without_showing_it(tmp_path: Path, text: str, said: str) -> None:
    """32 characters are enough, 31 are not, from the file and from the variable."""
    for settings in (Settings(secret_file=put(tmp_path / "s", text)), Settings(secret=SecretStr(text))):
        with pytest.raises(ConfigError, match=said) as caught:
            read_secret(settings)
        assert SHORT not in str(caught.value)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    binary = put(tmp_path / "b", "")
    binary.write_bytes(b"\xff" * 40)

    with pytest.raises(ConfigError, match="none: the secret cannot be read: No such file"):
        read_secret(Settings(secret_file=tmp_path / "none"))
    with pytest.raises(ConfigError, match="b: the secret is not UTF-8 text"):
        read_secret(Settings(secret_file=binary))


def test_a_store_makes_its_secret_once(tmp_path: Path) -> None:
    """Mode 0600, long enough for the keys, the same ever after, and no draft left beside it."""
    made = store_secret(tmp_path)

    assert store_secret(tmp_path) == made
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert Keys(made).uuid("visitor")(b"x") != Keys(store_secret(_folder(tmp_path / "other"))).uuid("visitor")(b"x")


def test_all_who_ask_at_once_get_one_secret(tmp_path: Path) -> None:
    """The first link stays; nobody ever reads half a file."""
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: store_secret(tmp_path), range(64)))

    assert len(secrets) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_a_store_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    """The error says which file could not be written."""
    with pytest.raises(ConfigError, match="none/secret: cannot be written"):
        store_secret(tmp_path / "none")


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("owner", "group", "mode", "is_open"),
    [
        (1000, 1000, 0o600, False),
        (1000, 1000, 0o640, True),  # its own group has members
        (0, 1000, 0o440, False),  # root's, shared with the service's group alone
        (0, 1000, 0o640, False),
        (0, 1000, 0o660, True),
        (0, 1000, 0o444, True),
        (0, 4, 0o440, True),  # a group we are not in
        (2000, 1000, 0o440, True),
    ],
)
def test_who_else_may_read_a_secret_file(owner: int, group: int, mode: int, is_open: bool) -> None:
    """Asked for user and group 1000."""
    found = os.stat_result((stat.S_IFREG | mode, 0, 0, 1, owner, group, 0, 0, 0, 0))

    assert others_may_read(found, 1000, {1000}) is is_open
    assert others_may_read(found, 0, {0, 1000}) is bool(mode & 0o077)
