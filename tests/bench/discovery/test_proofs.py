"""The proofs' own counts: what a row says of a small site."""

import pytest

from tests.bench.discovery import null, planted, rivals, sites


def test_a_row_of_planted_funnels_counts_exact_findings() -> None:
    """Six of six on the plain site, none labelled, nothing else found."""
    (row,) = planted.rows("plain", 1, 12_000)

    told = {name: row[name] for name in ("precision", "recall", "not planted", "planted and labelled")}
    assert told == {"precision": "1.000", "recall": "1.000", "not planted": 0, "planted and labelled": 0}


def test_a_row_of_noise_counts_runs() -> None:
    """Both shuffles, each run counted once."""
    over, within = null.rows("", 2, 3_000)

    assert (over["runs that report a funnel"], within["runs that report a funnel"], over["runs"]) == (0, 0, 2)


@pytest.mark.parametrize("name", ["closed PrefixSpan, 1 %", "k-means (16), closed PrefixSpan 30 % in each"])
def test_rivals_find_some_planted_funnels(name: str) -> None:
    """The comparison is with methods that work: they find planted funnels exactly, among others."""
    made = sites.made("plain", 6_000, 0)

    told = rivals.RIVALS[name](made)

    assert len(told & set(made.funnels)) >= 2


@pytest.mark.parametrize("name", sites.MIXED)
def test_mixed_sites_hold_what_they_say(name: str) -> None:
    """As many visitors as sessions, and the planted steps in both orders or twice."""
    made = sites.made(name, 2_000, 0)
    first, second = made.funnels[0][:2]
    orders = {steps.index(first) < steps.index(second) for steps in made.sessions if {first, second} <= set(steps)}

    assert len(made.sessions) == len(set(made.visitors)) == len(made.visitors)
    assert orders >= {True}
    assert ("backwards" not in name) or orders == {True, False}
