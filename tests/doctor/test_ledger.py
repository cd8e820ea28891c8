"""What the ledger check says of a store whose brokers are gone, and how it words an account."""

import json
from pathlib import Path

import pytest

from streams.doctor.ledger import Account, account_of_store, check_ledger, days_kept
from streams.settings import RetentionSettings, TableRetentionSettings
from streams.warehouse.embedded.store import open_store
from streams.warehouse.migrate import migrate
from tests.flow.conftest import reading, run_files, thalweg

LINE = '192.0.2.7 - - [21/May/2026:10:00:{:02} +0000] "GET /{} HTTP/1.1" 200 5 "-" "Mozilla/5.0 Firefox/140.0"\n'


def test_invariant_1_a_run_accounts_for_every_offset_and_a_lost_row_is_named(tmp_path: Path) -> None:
    """All is well after a run; then rows are taken out of ``outcomes``, and exactly those offsets are missing."""
    log = tmp_path / "access.log"
    log.write_text("".join(LINE.format(number % 60, number) for number in range(200)) + "no line\n")
    store = tmp_path / "store"
    run_files([log], "combined", store)
    with open_store(store), reading(store) as client:
        accounts = account_of_store(client, "thalweg")
        assert sum(account.checked for account in accounts) == 201 + len(accounts)  # and an end in each partition
        assert all(finding.ok for finding in check_ledger(accounts))
        client.execute(
            "ALTER TABLE thalweg.outcomes DELETE WHERE raw_partition = 0 AND raw_offset IN (3, 10, 11, 12)",
            settings={"mutations_sync": 2},
        )
        accounts = account_of_store(client, "thalweg")
        told = thalweg("doctor", "--ledger", "--store", str(store), "--json")

    assert [list(account.missing) for account in accounts] == [[(3, 3), (10, 12)], []]
    assert [finding.ok for finding in check_ledger(accounts)] == [False, True]
    findings = [each for each in map(json.loads, told.stdout.splitlines()) if each["check"] == "ledger"]
    assert told.returncode == 1
    assert [(each["subject"], each["ok"], each["offsets"]) for each in findings] == [
        ("raw@1[0]", False, [[3, 3], [10, 12]]),
        ("raw@1[1]", True, []),
    ]


def test_what_a_dead_run_left_is_no_alarm_once_a_later_one_came_to_its_end(tmp_path: Path) -> None:
    """Rows as of a run that died in the midst: missing, until the files were run again; then a word is left of it."""
    log = tmp_path / "access.log"
    log.write_text("".join(LINE.format(number % 60, number) for number in range(200)))
    store = tmp_path / "store"
    run_files([log], "combined", store)
    with open_store(store), reading(store) as client:
        client.execute(
            "ALTER TABLE thalweg.outcomes DELETE WHERE reason = 'control' OR raw_partition = 0 AND raw_offset = 7",
            settings={"mutations_sync": 2},
        )
        before = check_ledger(account_of_store(client, "thalweg"))
    run_files([log], "combined", store)
    with reading(store) as client:
        after = check_ledger(account_of_store(client, "thalweg"))

    assert [(each.subject, each.ok, each.offsets) for each in before] == [
        ("raw@1[0]", False, [(7, 7)]),
        ("raw@1[1]", True, []),
    ]
    assert [each.subject for each in after] == ["raw@1[0]", "raw@1[1]", "raw@2[0]", "raw@2[1]"]
    assert all(each.ok for each in after)
    assert "its run died and left offsets 7 (1) to the runs after it" in after[0].words


def test_what_has_expired_is_not_missing(tmp_path: Path) -> None:
    """Where outcomes are kept for some days, an old log's are gone soon; a hole among those of today is one."""
    store = tmp_path / "store"
    with open_store(store), reading(store) as client:
        migrate(client, "thalweg")
        rows = [(age, number) for number, age in enumerate([9] * 5 + [1] * 5 + [0] * 5) if number not in (2, 12)]
        client.execute(
            "INSERT INTO thalweg.outcomes (raw_topic, raw_partition, raw_offset, raw_index, outcome, events,"
            " arrival_tstamp, version) SELECT 'raw@1', 0, tupleElement(row, 2), 0, 'accepted', 1,"
            " toStartOfDay(now('UTC')) - toIntervalDay(tupleElement(row, 1)) + toIntervalHour(2), 1"
            f" FROM (SELECT arrayJoin({rows}) AS row)"
        )
        accounts = {days: account_of_store(client, "thalweg", days) for days in (None, 2, 1)}

    found = {days: [(each.checked, list(each.missing)) for each in of] for days, of in accounts.items()}
    assert found == {None: [(15, [(2, 2), (12, 12)])], 2: [(10, [(12, 12)])], 1: [(5, [(12, 12)])]}


def test_the_shortest_retention_of_any_app_counts() -> None:
    """Rows of several apps lie side by side in a partition."""
    apps = {"shop": TableRetentionSettings(outcomes=30), "blog": TableRetentionSettings(events=5)}
    assert days_kept(RetentionSettings(outcomes=90, apps=apps)) == 30
    assert days_kept(RetentionSettings(events=1)) is None


@pytest.mark.parametrize(
    ("account", "words", "ok"),
    [
        (Account("raw@1", 0, 1500), "1,500 offsets, all accounted for", True),
        (Account("raw@1", 0, 9, missing=[(3, 3), (5, 7)]), "offsets 3, 5–7 (4)", False),
        (Account("raw@1", 0, 9, deleted=[(0, 99)]), "deleted unread: offsets 0–99 (100)", False),
        (Account("raw@1", 0, 0, under_way=5), "5 records are under way", False),
        (Account("raw@1", 0, 99, missing=[(k, k) for k in range(0, 20, 2)]), "8 and 5 more ranges (10)", False),
    ],
)
def test_an_account_is_told_in_one_line_with_its_mend(account: Account, words: str, ok: bool) -> None:
    """What is missing by ranges, how many; a mend exactly where something is wrong."""
    (finding,) = check_ledger([account])
    assert words in finding.words
    assert finding.ok is ok
    assert bool(finding.mend) is not ok
    assert finding.subject == "raw@1[0]"
