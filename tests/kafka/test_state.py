from pathlib import Path

import pytest

from streams.kafka.app import make_app
from streams.kafka.state import StateTable, changelog_topic, make_state
from streams.records import OWN_KEY
from streams.settings import Settings
from tests.kafka.records import record


def stamped(offset: int, text: bytes = b"") -> bytes:
    """A value written when ``offset`` was applied."""
    return offset.to_bytes(8, "big") + text


@pytest.fixture
def table(tmp_path: Path) -> StateTable:
    """A table that is not started: its memory needs no broker."""
    return make_state(make_app("sessions", Settings(data_dir=tmp_path)), "state", 2)


def test_the_changelog_has_the_name_that_is_created(table: StateTable) -> None:
    """Faust's name and ours are one."""
    assert table.changelog_topic_name == changelog_topic(Settings()) == "thalweg-sessions-state-changelog"


def test_the_highest_stamp_wins_not_the_last_write(table: StateTable) -> None:
    """A zombie's late write does not count, neither for a key that lives nor for one that was deleted."""
    table.apply_records(
        0,
        [
            record(0, stamped(5, b"a"), b"x"),
            record(1, stamped(5, b"b"), b"y"),
            record(2, stamped(5), OWN_KEY),
            record(3, None, b"y"),
            record(4, stamped(9, b"c"), b"x"),
            record(5, stamped(9), OWN_KEY),
            record(6, stamped(7, b"old"), b"x"),
            record(7, stamped(7, b"old"), b"y"),
            record(8, stamped(7), OWN_KEY),
        ],
    )
    assert dict(table.view(0)) == {b"x": stamped(9, b"c"), OWN_KEY: stamped(9)}


def test_a_torn_publication_keeps_its_newer_values(table: StateTable) -> None:
    """Values written before a crash hold a higher stamp than the partition's own record: the fold skips by them."""
    table.apply_records(0, [record(0, stamped(5), OWN_KEY), record(1, stamped(8, b"new"), b"x")])
    assert dict(table.view(0)) == {OWN_KEY: stamped(5), b"x": stamped(8, b"new")}


def test_what_was_applied_is_passed_over(table: StateTable) -> None:
    """The same slice may come twice around a rebalance."""
    run = [record(0, stamped(1, b"a"), b"x"), record(1, None, b"x"), record(2, stamped(2), OWN_KEY)]
    table.apply_records(0, run)
    table.apply_records(0, run[:1])
    assert dict(table.view(0)) == {OWN_KEY: stamped(2)}


def test_partitions_are_apart(table: StateTable) -> None:
    """The same key may live in two."""
    table.apply_records(0, [record(0, stamped(1, b"a"), b"x")])
    table.apply_records(1, [record(0, stamped(2, b"b"), b"x")])
    assert dict(table.view(0)) == {b"x": stamped(1, b"a")}
    assert dict(table.view(1)) == {b"x": stamped(2, b"b")}
