"""The lines of a file."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.errors import ConfigError
from streams.load.lines import check_readable, file_lines


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(b"", [], id="empty file"),
        pytest.param(b"a\nb\n", [b"a", b"b"], id="two lines"),
        pytest.param(b"a\nb", [b"a", b"b"], id="no line end at the end"),
        pytest.param(b"a\r\nb\r\n", [b"a", b"b"], id="CRLF"),
        pytest.param(b"a\r", [b"a"], id="CR at the end"),
        pytest.param(b"a\rb\n", [b"a\rb"], id="CR inside"),
        pytest.param(b"a\r\r\n", [b"a\r"], id="only one CR goes"),
        pytest.param(b"\n\na\n", [b"", b"", b"a"], id="blank lines"),
        pytest.param(b"\xef\xbb\xbfa\n\xef\xbb\xbfb", [b"a", b"\xef\xbb\xbfb"], id="byte order mark"),
        pytest.param(b"\xef\xbb\xbf", [], id="byte order mark alone"),
        pytest.param(b"12345678\n1\n", [b"12345678", b"1"], id="the longest line"),
        pytest.param(b"12345678\r\n1\r\n", [b"12345678", b"1"], id="the longest line, CRLF"),
        pytest.param(b"12345678", [b"12345678"], id="the longest line at the end"),
        pytest.param(b"123456789\n1\n", [b"123456789", b"1"], id="1 byte too long"),
        pytest.param(b"1234567890\n1\n", [b"123456789", b"1"], id="2 bytes too long"),
        pytest.param(b"12345678901\n1\n", [b"123456789", b"1"], id="3 bytes too long"),
        pytest.param(b"1" * 500 + b"\n2\n", [b"111111111", b"2"], id="far too long"),
        pytest.param(b"1" * 500, [b"111111111"], id="far too long, at the end"),
    ],
)
@pytest.mark.parametrize("name", ["log", "log.gz"])
def test_file_lines(tmp_path: Path, name: str, content: bytes, lines: list[bytes]) -> None:
    """Lines come without their ends, cut to one byte more than allowed; packed files are unpacked."""
    path = tmp_path / name
    path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)

    assert list(file_lines(path, max_bytes=8)) == lines


@given(content=st.lists(st.sampled_from([b"a", b"bb", b"\n", b"\r", b"\r\n"]), max_size=40).map(b"".join))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_long_lines_are_cut_and_no_line_is_lost(tmp_path: Path, content: bytes) -> None:
    """Cutting at any size gives the same number of lines, each the start of the whole one."""
    path = tmp_path / "log"
    path.write_bytes(content)
    whole = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    if content.endswith(b"\n") or not content:
        whole.pop()

    cut = list(file_lines(path, max_bytes=3))

    assert len(cut) == len(whole)
    assert [len(line) > 3 for line in cut] == [len(line) > 3 for line in whole]
    assert [line for line in cut if len(line) <= 3] == [line for line in whole if len(line) <= 3]


def test_missing_file(tmp_path: Path) -> None:
    """The message names the file and what is wrong."""
    with pytest.raises(ConfigError, match=r"nowhere\.log: No such file"):
        check_readable(tmp_path / "nowhere.log")


def test_folder(tmp_path: Path) -> None:
    """A folder is no input."""
    with pytest.raises(ConfigError, match="directory"):
        check_readable(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"no gzip at all", gzip.compress(b"a\n" * 999, mtime=0)[:-9], gzip.compress(b"a" * 99, mtime=0)[:12] + b"!" * 20],
)
def test_damaged_gz(tmp_path: Path, content: bytes) -> None:
    """A damaged or cut packed file is refused by name, never half read in silence."""
    path = tmp_path / "bad.gz"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"bad\.gz"):
        list(file_lines(path))
