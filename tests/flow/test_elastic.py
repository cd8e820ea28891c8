"""10,000 real log lines, out of order within each minute."""

from pathlib import Path

from tests.flow.conftest import ELASTIC, islands, needs_shared, reading, run_files, sessions


@needs_shared
def test_elastic_log_in_any_order_within_the_minute(tmp_path: Path) -> None:
    """9,999 events (line 8,899 has an unterminated quote: dead), 1,861 visitors, 3,223 sessions, as in SQL."""
    store = tmp_path / "store"
    summary = run_files([ELASTIC], "combined", store)
    with reading(store) as client:
        dead = client.execute(
            "SELECT reason, count() FROM thalweg.outcomes FINAL WHERE outcome = 'dead' GROUP BY reason"
        )
        folded, in_sql = sessions(client), islands(client, 1_800_000)

    assert (summary["records"], summary["events"], summary["visitors"], summary["sessions"]) == (
        10_000,
        9_999,
        1_861,
        3_223,
    )
    assert dead == [("syntax", 1)]
    assert folded == in_sql
