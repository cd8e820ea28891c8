"""The nine real erddap logs through the whole pipeline."""

import random
import re
from pathlib import Path
from typing import Any

import pytest

from tests.flow.conftest import ERDDAP, contents, islands, needs_shared, reading, run_files, sessions, thalweg

pytestmark = needs_shared
GAP_MS = 1_800_000


class Ran:
    """One finished run: its store and its summary."""

    def __init__(self, store: Path, summary: dict[str, Any]) -> None:
        self.store = store
        self.summary = summary


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All nine files into one store."""
    store = tmp_path_factory.mktemp("erddap") / "store"
    return Ran(store, run_files(ERDDAP, "combined", store))


def test_every_line_becomes_an_event_or_an_outcome_with_a_reason(ran: Ran) -> None:
    """16,275 lines: 10,479 events, the other 5,796 in outcomes with reasons; 918 visitors, 1,726 sessions."""
    with reading(ran.store) as client:
        outcomes = dict(
            client.execute(
                "SELECT outcome, count() FROM thalweg.outcomes FINAL WHERE reason != 'control' GROUP BY outcome"
            )
        )
        unexplained = client.execute(
            "SELECT count() FROM thalweg.outcomes FINAL WHERE outcome != 'accepted' AND reason = ''"
        )
        third_field = client.execute("SELECT count() FROM thalweg.events_v WHERE mapContains(properties, 'extra_1')")

    assert ran.summary["records"] == 16_275
    assert ran.summary["events"] == 10_479
    assert ran.summary["visitors"] == 918
    assert ran.summary["sessions"] == 1_726
    assert sum(outcomes.values()) == 16_275
    assert sum(n for outcome, n in outcomes.items() if outcome != "accepted") == 5_796
    assert unexplained == [(0,)]
    assert third_field == [(85,)]


def test_invariant_3_sessions_equal_gaps_and_islands_in_sql(ran: Ran) -> None:
    """Start, end and total_events of each session are those SQL finds in events_v; and all are final."""
    with reading(ran.store) as client:
        folded, in_sql = sessions(client), islands(client, GAP_MS)
        (open_ones,) = client.execute("SELECT countIf(is_final = 0) FROM thalweg.sessions_v")

    assert len(folded) == 1_726
    assert folded == in_sql
    assert open_ones == (0,)


def test_invariant_3_notices_a_wrong_timeout(ran: Ran) -> None:
    """The comparison is sharp: 1,799 s, or a gap of exactly the timeout as a new session, gives 1,733 others."""
    with reading(ran.store) as client:
        folded, shorter, at_least = (
            sessions(client),
            islands(client, GAP_MS - 1000),
            islands(client, GAP_MS, at_least=True),
        )

    assert folded != shorter
    assert folded != at_least
    assert len(at_least) == 1_733


def test_invariant_1_the_ledger_holds_every_line(ran: Ran) -> None:
    """The view ledger sums to the lines and the two end records."""
    done = thalweg(
        "sql", "--store", str(ran.store), "SELECT sum(n) AS n FROM thalweg.ledger", "--format", "JSONEachRow"
    )

    assert done.returncode == 0, done.stderr
    assert '"n":"16277"' in done.stdout or '"n":16277' in done.stdout


def test_invariant_2_the_same_files_again_change_nothing(ran: Ran) -> None:
    """A second run into the same store leaves equal rows, all columns but version and raw coordinates."""
    with reading(ran.store) as client:
        before = contents(client)
    run_files(ERDDAP, "combined", ran.store)
    with reading(ran.store) as client:
        after = contents(client)

    assert before == after


@pytest.mark.parametrize("order", ["reversed", "random", "shuffled_lines"])
def test_invariant_2_any_order_of_files_and_lines_gives_the_same_tables(ran: Ran, order: str, tmp_path: Path) -> None:
    """Files in any order, and one file with all lines shuffled, under the same secret."""
    store = tmp_path / "store"
    store.mkdir(mode=0o700)
    secret = store / "secret"
    secret.touch(mode=0o600)
    secret.write_bytes((ran.store / "secret").read_bytes())
    run_files(_ordered(order, tmp_path), "combined", store)
    with reading(ran.store) as client:
        expected = contents(client)
    with reading(store) as client:
        found = contents(client)

    assert expected == found


def _ordered(order: str, folder: Path) -> list[Path]:
    if order == "reversed":
        return ERDDAP[::-1]
    if order == "random":
        return random.Random(7).sample(ERDDAP, len(ERDDAP))
    lines = [line for file in ERDDAP for line in file.read_bytes().splitlines(keepends=True)]
    random.Random(7).shuffle(lines)
    shuffled = folder / "shuffled.log"
    shuffled.write_bytes(b"".join(line if line.endswith(b"\n") else line + b"\n" for line in lines))
    return [shuffled]


def test_invariant_4_no_raw_address_leaves_the_restricted_zone(ran: Ran) -> None:
    """No client address of the logs stands in any table, nor in any log of the run, nor on disk beside the store."""
    addresses = {
        match.group().decode()
        for file in ERDDAP
        for match in re.finditer(rb"(?m)^\d+\.\d+\.\d+\.\d+", file.read_bytes())
    }
    whole = {address for address in addresses if not address.endswith(".0")}
    found = re.compile(r"(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.])")
    texts = [log.read_text(errors="replace") for log in (ran.store / "run").rglob("*") if log.is_file()]
    with reading(ran.store) as client:
        for (table,) in client.execute(
            "SELECT name FROM system.tables WHERE database = 'thalweg' AND engine LIKE '%MergeTree'"
        ):
            texts += [
                row for (row,) in client.execute(f"SELECT formatRowNoNewline('JSONEachRow', *) FROM thalweg.{table}")
            ]

    assert len(whole) > 800
    assert not whole & {match for text in texts for match in found.findall(text)}
