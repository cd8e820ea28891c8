import re

import pytest

from models.matching import closest, match_steps, regex_of

RAW = [
    "page:/",
    "page:/p/1",
    "page:/p/2",
    "page:/p/top",
    "page:/p/1/reviews",
    "page:/p/",
    "event:Buy",
    "page:/a.b",
    "page:/axb",
]
TEMPLATED = [re.sub(r"/p/\d", "/p/:id", step) for step in RAW]


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("page:/p/:id", ["page:/p/1", "page:/p/2"]),
        ("page:/p/1", ["page:/p/1"]),
        ("page:/p/:any", ["page:/p/1", "page:/p/2", "page:/p/top"]),
        ("page:/p/:any/reviews", ["page:/p/1/reviews"]),
        ("page:/p/*", ["page:/p/1", "page:/p/2", "page:/p/top", "page:/p/1/reviews", "page:/p/"]),
        ("event:*", ["event:Buy"]),
        ("page:/a.b", ["page:/a.b"]),
        ("page:/a.*", ["page:/a.b"]),
        ("page:/P/1", []),
        ("event:Bu", []),
    ],
)
def test_a_step_means(wanted: str, meant: list[str]) -> None:
    """A learned template first, then the step itself, then a pattern: a word is one segment, a star anything."""
    mask = match_steps(wanted, RAW, TEMPLATED)

    assert [step for step, is_meant in zip(RAW, mask, strict=True) if is_meant] == meant


def test_what_is_no_part_of_a_pattern_is_plain_text() -> None:
    """Dots, brackets and plus signs of a path mean themselves; a colon within a segment is no word."""
    for text in ("page:/a+b(c)[d].html", "event:Item:seen", "page:/a:b"):
        assert re.fullmatch(regex_of(text), text)
        assert not re.fullmatch(regex_of(text), text.replace("a", "x").replace("seen", "x"))


def test_steps_that_look_alike_come_best_first() -> None:
    """Nothing where nothing does."""
    assert closest("page:/p/topp", RAW)[0] == "page:/p/top"
    assert closest("zzzzzz", RAW) == []
