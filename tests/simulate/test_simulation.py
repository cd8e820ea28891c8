"""The same options give the same bytes, and the truth agrees with what the events themselves say."""

import hashlib
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.errors import ConfigError
from streams.simulate import SimulationOptions, simulate, write_demo
from tests.simulate.conftest import Simulated, run

KNOWN_BYTES = "529b55c0a839e897ba5f0abf41b58198a22a777d56514129ee9a230145250e94"
"""SHA-256 of the events of 1000 lines, seed 1. It changes when the simulation is changed, and for no other reason."""


def test_same_seed_same_bytes_in_another_process(tmp_path: Path) -> None:
    """Neither the process, its hash seed nor its time zone shows in the bytes."""
    simulate(SimulationOptions(events=1000), tmp_path / "here", tmp_path / "here.truth")
    code = (
        "import sys; from pathlib import Path; from streams.simulate import *;"
        "simulate(SimulationOptions(events=1000), Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "there"), str(tmp_path / "there.truth")]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "99", "TZ": "Asia/Tokyo"}, cwd=Path(__file__).parents[2])

    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()
    assert (tmp_path / "here.truth").read_bytes() == (tmp_path / "there.truth").read_bytes()
    assert hashlib.sha256((tmp_path / "here").read_bytes()).hexdigest() == KNOWN_BYTES


def test_another_seed_gives_other_visitors(segment: Simulated, tmp_path: Path) -> None:
    """No visitor and no message of one seed comes back in another."""
    other = run(tmp_path, SimulationOptions(events=2_000, seed=8))

    assert not {entry["visitor"] for entry in other.truth} & {entry["visitor"] for entry in segment.truth}


@pytest.mark.parametrize("events", [1, 2, 37, 1_000])
def test_as_many_lines_as_asked(tmp_path: Path, events: int) -> None:
    """The number of events is exact, however small."""
    simulated = run(tmp_path, SimulationOptions(events=events, days=2))

    assert len(simulated.lines) == len(simulated.truth) == simulated.summary.lines == events
    assert [entry["line"] for entry in simulated.truth] == list(range(1, events + 1))


def test_summary_counts_the_truth(segment: Simulated) -> None:
    """Kinds, apps, bots, visitors and sessions of the summary are those of the truth file."""
    kinds = Counter(entry["kind"] for entry in segment.truth)
    summary = segment.summary

    assert (summary.events, summary.copies, summary.late, summary.broken) == (
        kinds["event"],
        kinds["copy"],
        kinds["late"],
        kinds["broken"],
    )
    assert min(kinds[kind] for kind in ("event", "copy", "late", "broken")) > 0
    assert summary.apps == Counter(entry["app"] for entry in segment.truth)
    assert summary.bots == sum(entry["bot"] for entry in segment.truth)
    assert summary.visitors == len(segment.visitors)
    assert summary.sessions == sum(len(entry["sessions"]) for entry in segment.visitors)


def test_times_follow_from_the_messages(segment: Simulated) -> None:
    """The event time of each message, recomputed from its own stamps, is the truth's; so is being late."""
    for message, truth in segment.messages:
        received, time = _derived(message)
        assert time == truth["time"]
        assert (received - time > 600_000) == (truth["kind"] == "late")


def test_sessions_are_the_gaps_and_islands_of_the_events(segment: Simulated) -> None:
    """Sessions recomputed from the file alone, first copies on time only, are the truth's."""
    _check_sessions(segment, first_copies(segment))


def test_sessions_by_other_rules(tmp_path: Path) -> None:
    """Gap and longest of the options are those the truth is told by: the endless bot is cut more often."""
    simulated = run(tmp_path, SimulationOptions(events=3_000, days=3, gap=1_200, longest=7_200))

    _check_sessions(simulated, first_copies(simulated))
    assert max(end - start for entry in simulated.visitors for start, end, _ in entry["sessions"]) <= 7_200_000


def test_a_bot_without_end_is_cut_by_the_longest_session(segment: Simulated) -> None:
    """It never pauses for the gap, so each session but its last comes near to 24 hours."""
    endless = next(entry for entry in segment.truth if entry["journey"] == "endless")["visitor"]
    sessions = next(entry for entry in segment.visitors if entry["visitor"] == endless)["sessions"]

    assert len(sessions) == 3
    assert all(23 * 3_600_000 < end - start <= 86_400_000 for start, end, _ in sessions[:-1])


def test_copies_share_the_message_id_of_an_event(segment: Simulated) -> None:
    """Each on-time copy has one accepted event of its id, not later; some are the same bytes."""
    events = {truth["message_id"]: (message, truth) for message, truth in segment.messages if truth["kind"] == "event"}
    copies = [(message, truth) for message, truth in segment.messages if truth["kind"] == "copy"]

    assert len(events) == segment.summary.events
    for _, truth in copies:
        original = events[truth["message_id"]][1]
        assert original["time"] <= truth["time"] <= original["time"] + 3_600_000
        assert original["visitor"] == truth["visitor"]
    same = sum(message == events[truth["message_id"]][0] for message, truth in copies)
    assert 0 < same < len(copies)


def test_written_in_order_of_arrival_with_little_disorder(segment: Simulated) -> None:
    """Some lines stand before an earlier one, none by more than half a minute."""
    arrivals = [_ms(message["receivedAt"]) for message, _ in segment.messages]
    steps_back = [before - after for before, after in pairwise(arrivals) if after < before]

    assert steps_back
    assert max(steps_back) <= 30_000


def test_demo_writes_events_and_truth(tmp_path: Path) -> None:
    """The path given back is that of the events."""
    source = write_demo(tmp_path / "demo", 500, seed=3)

    assert len(source.read_text().splitlines()) == 500
    assert (tmp_path / "demo" / "truth.jsonl").exists()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Ten times the events need less than 60 MB more, where the file is 130 MB longer."""
    small, large = (_peak_kib(tmp_path, events) for events in (10_000, 100_000))

    assert large - small < 60_000


@pytest.mark.parametrize("key", ["events", "days", "gap", "longest"])
def test_zero_is_refused_by_name(key: str) -> None:
    """The message names the option and the mend."""
    with pytest.raises(ConfigError, match=f"{key} is 0.*\n.*mend: give {key} ≥ 1"):
        msgspec.convert({key: 0}, SimulationOptions)


def first_copies(simulated: Simulated) -> list[tuple[tuple[str, str], int]]:
    """(visitor, time) of each message id's earliest on-time copy, by the messages' own words."""
    first: dict[str, tuple[tuple[str, str], int]] = {}
    for message, _ in simulated.messages:
        received, time = _derived(message)
        if received - time > simulated.options.lateness * 1000:
            continue
        known = first.get(message["messageId"])
        if known is None or time < known[1]:
            first[message["messageId"]] = ((message["context"]["app"]["name"], message["anonymousId"]), time)
    return list(first.values())


def _check_sessions(simulated: Simulated, events: list[tuple[tuple[str, str], int]]) -> None:
    gap, longest = simulated.options.gap * 1000, simulated.options.longest * 1000
    found: dict[tuple[str, str], list[list[int]]] = {}
    for visitor, time in sorted(events):
        sessions = found.setdefault(visitor, [])
        if sessions and time <= sessions[-1][1] + gap and time <= sessions[-1][0] + longest:
            sessions[-1][1:] = [time, sessions[-1][2] + 1]
        else:
            sessions.append([time, time, 1])
    told = {(entry["app"], entry["visitor"]): entry["sessions"] for entry in simulated.visitors if entry["sessions"]}
    assert found == told


def _derived(message: dict[str, Any]) -> tuple[int, int]:
    """(received, event time) by the rule of design.md §4."""
    received = _ms(message["receivedAt"])
    if "sentAt" not in message:
        return received, min(_ms(message["timestamp"]), received)
    created, sent = _ms(message.get("originalTimestamp") or message["timestamp"]), _ms(message["sentAt"])
    return received, received - (sent - created) if created <= sent else received


def _ms(text: str) -> int:
    delta = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    return round(delta.total_seconds() * 1000)


def _peak_kib(folder: Path, events: int) -> int:
    """Peak memory of a process that simulates so many events."""
    code = (
        "import resource, sys; from pathlib import Path; from streams.simulate import *;"
        f"simulate(SimulationOptions(events={events}), Path(sys.argv[1]), Path(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, str(folder / "events"), str(folder / "truth")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    return int(done.stdout)
