"""The page of the faults, from results made up for it."""

from pathlib import Path

from tests.faults.report import page, verdict
from tests.faults.result import Result, keep, read
from tests.faults.titles import TITLES


def row(text: str, fault: str) -> str:
    """The line of a fault in the matrix."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {fault} ") and TITLES[fault] in line]
    return line


def test_all_faults_stand_in_the_table() -> None:
    """What has no result says so; what cannot run says why."""
    text = page([Result("F21", "a cap", cannot_run="no cgroup may be made here")])

    assert [fault for fault in TITLES if row(text, fault)] == [f"F{number}" for number in range(1, 26)]
    assert row(text, "F1").endswith("| not run |")
    assert row(text, "F21").endswith("| cannot run here: no cgroup may be made here |")


def test_runs_of_a_fault_are_summed() -> None:
    """Rounds, records and recoveries of all its runs."""
    runs = [
        Result("F1", "kill", seed=seed, rounds=2, records=600, held={"I1": True}, recoveries=[1.0, seconds])
        for seed, seconds in ((1, 2.0), (2, 9.0))
    ]

    assert row(page(runs), "F1").split(" | ")[1:4] == ["4", "1,200", "0"]
    assert "1.5 / 9.0 s | held: I1 |" in row(page(runs), "F1")


def test_one_bad_run_is_not_held() -> None:
    """However many others held; a loss that no invariant tells of counts too."""
    good, bad = Result("F1", "kill", held={"I1": True, "I4": True}), Result("F1", "kill", held={"I4": False}, ahead=1)

    assert verdict([good, good]) == "held: I1, I4"
    assert verdict([good, bad, good]) == "**not held**: I4"
    assert verdict([good, Result("F1", "kill", lost=1)]) == "**not held**: lost"


def test_the_negative_control_stands_apart() -> None:
    """Its losses are told, and not as ours."""
    text = page([Result("F1", "a plain Faust agent with take()", rounds=2, records=900, lost=17)])

    assert row(text, "F1").endswith("| not run |")
    assert "| F1 | 2 | 900 | **17** | 0 |" in text


def test_a_line_is_read_as_it_was_kept(tmp_path: Path) -> None:
    """Lines are appended; nothing is lost on the way."""
    results = [Result("F5", "away", figures={"rss_max_mib": 201.5}, exits=[70]), Result("F6", "hangs", word="so")]
    for result in results:
        keep(tmp_path / "lines", result)

    assert list(read(tmp_path / "lines")) == results
