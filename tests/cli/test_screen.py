"""Rows on a terminal show values as they are, and whole."""

import re

import pytest

from streams.cli.screen import cell, print_rows


@pytest.mark.parametrize("value", ["[red]x[/red]", ":smile:", "/a:b:", "[/nope]", "\\[b]", "ä\tb\nc"])
def test_a_text_is_no_markup(value: str) -> None:
    """Brackets and colons stay."""
    assert cell(value).plain == value


@pytest.mark.parametrize(("value", "shown"), [("\x1b[2J", "\\x1b[2J"), (b"\xff\x00a", "\\xff\\x00a"), (None, "None")])
def test_nothing_steers_the_terminal(value: object, shown: str) -> None:
    """Control characters are written out; bytes that are no text too."""
    assert cell(value).plain == shown


def test_a_long_value_goes_on_below(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of it is cut."""
    monkeypatch.setenv("COLUMNS", "40")
    value = "".join(f"{n:03}" for n in range(100))

    print_rows(["n", "text"], [(1, value)])

    assert value in re.sub(r"[^0-9]", "", capsys.readouterr().out)


def test_many_columns_are_rows_below_each_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each name beside its value."""
    monkeypatch.setenv("COLUMNS", "40")

    print_rows([f"name{n}" for n in range(30)], [range(30), range(100, 130)])

    out = capsys.readouterr().out
    assert re.search(r"name29\W+29\b", out)
    assert re.search(r"name29\W+129\b", out)
