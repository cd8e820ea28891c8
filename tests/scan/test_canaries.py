import hashlib
from pathlib import Path

import pytest

from streams.errors import ConfigError
from streams.scan.canaries import make_canary_finder, read_canaries


def test_given_values_are_found_in_any_case_and_as_anyones_hash() -> None:
    """MD5, SHA-1, SHA-256, of the value as given and in lower case, with or without dashes; a keyed hash is not."""
    find = make_canary_finder(["Alice Example", "id-4711"])

    assert list(find("x ALICE example, ID-4711")) == ["alice example", "id-4711"]
    for text in ("Alice Example", "alice example"):
        for name in ("md5", "sha1", "sha256"):
            digest = hashlib.new(name, text.encode()).hexdigest()
            assert list(find(f"h={digest.upper()}")) == [digest]
    dashed = hashlib.md5(b"id-4711").hexdigest()
    assert len(list(find("-".join([dashed[:8], dashed[8:12], dashed[12:16], dashed[16:20], dashed[20:]])))) == 1
    assert list(find(hashlib.sha256(b"key id-4711").hexdigest())) == []


def test_many_values_are_all_looked_for() -> None:
    """More than one pattern holds."""
    values = [f"canary-{number:05}" for number in range(5_000)]
    find = make_canary_finder(values)

    assert [found for value in values[::250] for found in find(f"<{value}>")] == values[::250]


def test_a_file_holds_a_value_a_line(tmp_path: Path) -> None:
    """Empty lines and repetitions count for nothing."""
    file = tmp_path / "canaries"
    file.write_text("alice\n\n  bob@x \nalice\n")

    assert read_canaries(file) == ["alice", "bob@x"]


@pytest.mark.parametrize(("text", "told"), [(b"alice\nab\n", "line 2"), (b"\n\n", "holds no value"), (b"\xff", "read")])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: bytes, told: str) -> None:
    """Without a value in the words."""
    file = tmp_path / "canaries"
    file.write_bytes(text)
    with pytest.raises(ConfigError, match=told) as refused:
        read_canaries(file)

    assert "ab\n" not in str(refused.value)
