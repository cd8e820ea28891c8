from datetime import date
from pathlib import Path

import pytest

from streams.errors import ConfigError
from streams.keyring.file import changing, load_keys
from streams.keyring.period import period_of
from streams.keyring.ring import STORE_KEYS, Ring, open_ring
from streams.keyring.text import write_keys
from streams.keyring.tree import forget, grow
from streams.settings import Settings, load_settings

DAY, NEXT = date(2026, 5, 21), date(2026, 5, 22)
ROOT = bytes(range(32))


def ring(path: Path) -> Ring:
    """A new process's ring of a key file."""
    return open_ring(Settings(keys_file=path))


def make(path: Path) -> Path:
    """A key file with a daily, a monthly and a lasting key."""
    with changing(path, may_be_new=True) as trees:
        trees |= {"d": grow("daily", ROOT), "m": grow("monthly", ROOT), "n": grow("none", ROOT)}
    return path


def test_two_workers_agree_on_every_day_whatever_they_ask_first(tmp_path: Path) -> None:
    """Days far ahead and far back too: nothing is made on the way."""
    file = make(tmp_path / "keys")
    one, other = ring(file), ring(file)
    days = [date(1971, 2, 3), DAY, NEXT, date(2140, 1, 1)]

    assert [one.key("d", day, "daily") for day in days] == [other.key("d", day, "daily") for day in days[::-1]][::-1]
    assert len({one.key("d", day, "daily") for day in days} - {None}) == 4


def test_a_key_lasts_its_period() -> None:
    """Two days of a month share a monthly key, not a daily one; two rotations of one root share nothing."""
    keys = Ring({"d": grow("daily", ROOT), "m": grow("monthly", ROOT), "n": grow("none", ROOT)}, "test")

    assert keys.key("m", DAY, "monthly") == keys.key("m", NEXT, "monthly")
    assert keys.key("m", DAY, "monthly") != keys.key("m", date(2026, 6, 1), "monthly")
    assert keys.key("d", DAY, "daily") != keys.key("d", NEXT, "daily")
    assert keys.key("n", DAY, "none") == keys.key("n", date(1999, 1, 1), "none")


def test_a_forgotten_day_has_no_key_for_a_worker_that_starts_then(tmp_path: Path) -> None:
    """The days around it have theirs, the same as before."""
    file = make(tmp_path / "keys")
    before = ring(file).key("d", NEXT, "daily")
    with changing(file) as trees:
        trees["d"] = forget(trees["d"], 0, period_of("daily", DAY))
    after = ring(file)

    assert after.key("d", DAY, "daily") is None
    assert after.key("d", NEXT, "daily") == before


def test_a_key_that_is_not_there_is_an_error_and_a_day_outside_all_years_has_none() -> None:
    """An unknown id or another rotation is a mistake of configuration; a day is content."""
    keys = Ring({"d": grow("daily", ROOT)}, "test")

    for key_id, rotation in (("x", "daily"), ("d", "monthly"), ("default", "none")):
        with pytest.raises(ConfigError):
            keys.key(key_id, DAY, rotation)
    assert keys.key("d", date(1969, 1, 1), "daily") is None


def test_the_default_key_that_never_rotates_is_the_secret(tmp_path: Path) -> None:
    """So what was hashed before there were rules stays; a rotating default key is one of the file."""
    secret = b"s" * 32
    keys = open_ring(Settings(), [("default", "none")], tmp_path, secret)
    rotating = open_ring(Settings(), [("default", "daily"), ("default", "none")], tmp_path, secret)

    assert keys.key("default", DAY, "none") == secret
    assert rotating.key("default", DAY, "none") == secret
    assert rotating.key("default", DAY, "daily") not in (None, secret, rotating.key("default", NEXT, "daily"))


def test_a_start_without_a_key_that_rules_name_is_refused(tmp_path: Path) -> None:
    """Missing, or of another rotation: with the command that mends it."""
    file = make(tmp_path / "keys")
    settings = Settings(keys_file=file)
    open_ring(settings, [("d", "daily"), ("m", "monthly")])
    with pytest.raises(ConfigError, match="there is no key visitors") as missing:
        open_ring(settings, [("visitors", "daily")])
    with pytest.raises(ConfigError, match="key d rotates daily, and the rules say monthly"):
        open_ring(settings, [("d", "monthly")])
    with pytest.raises(ConfigError, match="keys_file is set: there is no key d"):
        open_ring(Settings(), [("d", "daily")])

    assert "thalweg rules keys rotate visitors --rotation daily" in missing.value.mend


def test_a_store_makes_the_keys_it_lacks_and_keeps_those_it_has(tmp_path: Path) -> None:
    """On first need, mode 0600; a forgotten day stays forgotten."""
    first = open_ring(Settings(), [("a", "daily")], tmp_path)
    key = first.key("a", DAY, "daily")
    with changing(tmp_path / STORE_KEYS) as trees:
        trees["a"] = forget(trees["a"], 0, period_of("daily", DAY))
    second = open_ring(Settings(), [("a", "daily"), ("b", "none")], tmp_path)

    assert key is not None
    assert second.key("a", DAY, "daily") is None
    assert second.key("a", NEXT, "daily") == first.key("a", NEXT, "daily")
    assert second.key("b", DAY, "none") is not None
    assert (tmp_path / STORE_KEYS).stat().st_mode & 0o777 == 0o600


def test_a_store_whose_rules_name_no_key_makes_no_file(tmp_path: Path) -> None:
    """Nothing secret lies about without need."""
    open_ring(Settings(), [], tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_keys_come_from_the_environment_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """THALWEG_KEYS holds a key file's text, goes before the file, and shows in no repr and no error."""
    monkeypatch.setenv("THALWEG_KEYS", write_keys({"e": grow("none", ROOT)}))
    settings = load_settings(None)
    keys = open_ring(settings, [("e", "none")])

    assert keys.key("e", DAY, "none") == Ring({"e": grow("none", ROOT)}, "test").key("e", DAY, "none")
    assert ROOT.hex() not in f"{settings!r} {keys!r}"
    with pytest.raises(ConfigError, match="THALWEG_KEYS: there is no key f") as refused:
        open_ring(settings, [("f", "none")])
    assert ROOT.hex() not in str(refused.value)


def test_keys_in_the_settings_file_are_refused(tmp_path: Path) -> None:
    """A secret does not belong there."""
    config = tmp_path / "thalweg.yaml"
    config.write_text("keys: '{}'\n")
    with pytest.raises(ConfigError, match="keys: a secret does not belong"):
        load_settings(config)


def test_reading_keys_makes_no_change(tmp_path: Path) -> None:
    """A worker may have its keys on a read-only mount."""
    file = make(tmp_path / "keys")
    before = sorted(tmp_path.iterdir()), file.stat().st_mtime_ns
    ring(file).key("d", DAY, "daily")

    assert (sorted(tmp_path.iterdir()), file.stat().st_mtime_ns) == before
    assert set(load_keys(file)) == {"d", "m", "n"}
