from streams.doctor.tables import check_tables
from streams.warehouse.retention import TableTtl, TtlState


def test_a_table_that_keeps_too_long_is_told_with_both_times() -> None:
    """And the command that mends it; one that is right needs none."""
    right = TableTtl("events", "toDate(x) + toIntervalDay(30)", "toDate(x) + toIntervalDay(30)", TtlState.DONE)
    wrong = TableTtl("sessions", "toDate(x) + toIntervalDay(30)", "", TtlState.PENDING)
    first, second = check_tables([right, wrong])

    assert (first.ok, first.mend) == (True, "")
    assert not second.ok
    assert second.words == "rows are kept for ever; the settings say until toDate(x) + toIntervalDay(30)"
    assert "thalweg migrate" in second.mend
