"""The metrics: what each call counts, and what a scrape shows."""

import re
import socket
import urllib.request
from collections.abc import Mapping, Sequence

import msgspec
import pytest

from streams.errors import ConfigError
from streams.metrics import Metrics
from streams.outcome import Reason, Verdict
from streams.records import INFINITY, Outcome, Progress, SessionRow


def progress_row(applied: int = 0, watermark: int = -1) -> Progress:
    """A row of ``progress`` of partition 1."""
    return Progress(generation=1, partition=1, applied=applied, watermark=watermark)


class Batch(msgspec.Struct):
    """What a fold hands over."""

    progress: Progress = msgspec.field(default_factory=progress_row)
    sessions: Sequence[SessionRow] = ()
    outcomes: Sequence[Outcome] = ()
    alarms: Mapping[str, int] = {}
    redelivered: int = 0


def outcome(verdict: Verdict, reason: Reason = Reason.NONE) -> Outcome:
    """A row of ``outcomes``."""
    return Outcome(
        app_id="a", arrival_tstamp=0, raw_topic="raw@1", raw_partition=0, raw_offset=0, outcome=verdict, reason=reason
    )


def session(*, is_final: int = 1, is_deleted: int = 0) -> SessionRow:
    """A row of ``sessions``."""
    return SessionRow(
        session_id=bytes(16), app_id="a", visitor_id=bytes(16), start_tstamp=0, is_final=is_final, is_deleted=is_deleted
    )


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One sample, None where there is none."""
    return metrics.registry.get_sample_value(f"thalweg_{name}", labels)


def test_a_slice_counts_records_events_and_refusals() -> None:
    """Events and refused events are counted apart; refusals by outcome and reason."""
    metrics = Metrics()

    metrics.enriched(1, 10, {(Verdict.ACCEPTED, ""): 7, (Verdict.DEAD, Reason.SYNTAX): 3}, 0.5)
    metrics.enriched(1, 5, {(Verdict.ACCEPTED, ""): 5}, 0.25, nbytes=99)

    assert value(metrics, "raw_records_total", partition="1") == 15
    assert value(metrics, "enriched_events_total") == 12
    assert value(metrics, "refused_events_total", outcome="dead", reason="syntax") == 3
    assert value(metrics, "dead_letters_total", reason="syntax") == 3
    assert value(metrics, "raw_bytes_total") == 99
    assert value(metrics, "cpu_seconds_total", stage="enrich") == 0.75
    assert value(metrics, "batches_total", stage="enrich") == 2


def test_fields_removed_are_counted_by_field() -> None:
    """Fail closed is visible."""
    metrics = Metrics()

    metrics.removed({"page_url": 2})

    assert value(metrics, "fields_removed_total", field="page_url") == 2


def test_a_fold_counts_outcomes_and_final_sessions() -> None:
    """Open sessions and tombstones are not closed sessions."""
    metrics = Metrics()
    outcomes = [outcome(Verdict.ACCEPTED), outcome(Verdict.ACCEPTED), outcome(Verdict.LATE, Reason.LATENESS)]
    sessions = [session(), session(is_final=0), session(is_deleted=1)]

    metrics.folded(0, Batch(outcomes=outcomes, sessions=sessions), 0.1)

    assert value(metrics, "outcomes_total", outcome="accepted", reason="") == 2
    assert value(metrics, "outcomes_total", outcome="late", reason="lateness") == 1
    assert value(metrics, "sessions_closed_total") == 1
    assert value(metrics, "closed_late_events_total") == 0


def test_an_event_below_the_seal_is_an_alarm() -> None:
    """Reason `closed` must never be seen: it has a counter to alert on."""
    metrics = Metrics()

    metrics.folded(0, Batch(alarms={"closed": 1}), 0.1)

    assert value(metrics, "closed_late_events_total") == 1


def test_what_was_folded_before_is_counted() -> None:
    """Of a raw topic made anew under its old number nothing else tells."""
    metrics = Metrics()

    metrics.folded(0, Batch(redelivered=7), 0.1)

    assert value(metrics, "redelivered_total") == 7


def test_every_attempt_to_insert_is_a_sign_of_life() -> None:
    """Also one that was acknowledged: a batch of poison is cut into very many inserts before its commit."""
    metrics, seen = Metrics(), set()

    for what, number in (("inserts.events", 1), ("rows.events", 0), ("retries.events", 1)):
        seen.add(metrics.attempts)
        metrics.sink(what, number)

    assert seen | {metrics.attempts} == {0, 1, 2}


@pytest.mark.parametrize(("watermark", "lag"), [(-1, None), (90_000, 10.0), (200_000, 0.0), (INFINITY, 0.0)])
def test_watermark_lag_is_told_against_the_clock_of_the_scrape(watermark: int, lag: float | None) -> None:
    """No lag before anything was heard, none when all input has ended, never negative."""
    metrics = Metrics(clock=lambda: 100.0)

    metrics.folded(1, Batch(progress_row(41, watermark)), 0.0)

    assert value(metrics, "watermark_lag_seconds", partition="1") == lag
    assert value(metrics, "applied_offset", partition="1") == 41


def test_two_of_them_share_nothing() -> None:
    """Each has its own registry: there is no global state to reset."""
    one, other = Metrics(), Metrics()

    one.raw_bytes.inc(5)

    assert (5, 0) == (value(one, "raw_bytes_total"), value(other, "raw_bytes_total"))


def test_every_name_is_ours_and_every_metric_has_help() -> None:
    """thalweg_<name>_<unit>[_total], lower case, with words."""
    families = list(Metrics().registry.collect())

    assert len(families) >= 17
    for family in families:
        assert re.fullmatch(r"thalweg_[a-z_]+", family.name)
        assert len(family.documentation) > 10


def test_a_scrape_on_loopback_shows_them_until_it_ends() -> None:
    """Prometheus' text is served on 127.0.0.1 only while the block lasts."""
    metrics = Metrics()
    metrics.sink_rows.labels("events").inc(3)

    with metrics.serve(0) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
        with pytest.raises(ConfigError, match=f"metrics_port: 127.0.0.1:{port} cannot be used"), Metrics().serve(port):
            pass

    assert 'thalweg_sink_rows_total{table="events"} 3.0' in text
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
