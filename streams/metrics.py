"""Every metric of a worker, in one place: name, labels, help, and the calls that count."""

import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol
from wsgiref.simple_server import WSGIServer

import prometheus_client as prometheus
from prometheus_client.registry import CollectorRegistry

from streams.errors import ConfigError
from streams.outcome import Reason, Verdict
from streams.records import INFINITY, Outcome, Progress, SessionRow

CAPPED = ("capped_sessions", "capped_open", "capped_ids")
LOOPBACK = "127.0.0.1"
_BATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Folded(Protocol):
    """What the sessions worker's fold hands over for one batch, as far as it is counted."""

    @property
    def sessions(self) -> Sequence[SessionRow]: ...
    @property
    def outcomes(self) -> Sequence[Outcome]: ...
    @property
    def progress(self) -> Progress: ...
    @property
    def alarms(self) -> Mapping[str, int]: ...
    @property
    def redelivered(self) -> int: ...


class Rebuilt(Protocol):
    """What a rebuild reports, as far as it is counted."""

    late_adopted: int
    late_waiting: int
    sessions_added: int
    sessions_changed: int
    sessions_removed: int


class Metrics:
    """The metrics of one process, in a registry of their own. Labels come from closed lists, never from content.

    ``clock`` gives the seconds since 1970 that a watermark's lag is measured against when it is read.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._clock = clock
        self._watermarks: dict[int, float] = {}
        self.attempts = 0
        """Inserts acknowledged or tried again so far."""
        self._enrich_counters()
        self._sessions_counters()
        self._rebuild_counters()
        self._common()

    def _enrich_counters(self) -> None:
        count = self._counter
        self.raw_records = count("raw_records", "Records read from the raw topic", "partition")
        self.raw_bytes = count("raw_bytes", "Bytes of their values, as received")
        self.enriched_events = count("enriched_events", "Events written to the enriched topic")
        self.refused = count(
            "refused_events", "Raw events that became no event, by what the enrich worker decided", "outcome", "reason"
        )
        self.dead_letters = count("dead_letters", "Records written to the dead topic", "reason")
        self.fields_removed = count("fields_removed", "Fields removed because they could not be masked", "field")
        self.data_loads = count(
            "data_loads", "Changed files of data and keys that were met, by what came of it", "setting", "result"
        )
        self.data_refused = self._gauge(
            "data_refused", "1 while a changed file of data or keys cannot be used and what was in use stays", "setting"
        )

    def _sessions_counters(self) -> None:
        count, gauge = self._counter, self._gauge
        self.outcomes = count("outcomes", "Raw events by what became of them, as stored", "outcome", "reason")
        self.sessions_closed = count("sessions_closed", "Sessions stored as final")
        self.closed_alarms = count(
            "closed_late_events", "Events accepted in time that met a sealed session: must stay 0, else it is a bug"
        )
        self.redelivered = count(
            "redelivered",
            "Raw events skipped, for their raw offsets were folded before: an enrich worker started again, else the raw"
            " topic was made anew",
        )
        self.capped = count(
            "capped",
            "What a cap of the fold cut: rows of closed sessions, events sealed or ids forgotten early",
            "what",
        )
        self.sink_rows = count("sink_rows", "Rows acknowledged by ClickHouse", "table")
        self.sink_retries = count("sink_retries", "Inserts tried again with the same bytes", "table")
        self.open_visitors = gauge("open_visitors", "Visitors with state in memory", "partition")
        self.state_bytes = gauge(
            "state_bytes", "Bytes of keys and values in memory, texts that visitors share counted once", "partition"
        )
        self.applied_offset = gauge("applied_offset", "Last enriched offset folded and stored", "partition")
        self.watermark_lag = gauge(
            "watermark_lag_seconds",
            "How far the watermark is behind the clock; 0 when all input has ended",
            "partition",
        )

    def _rebuild_counters(self) -> None:
        count, gauge = self._counter, self._gauge
        self.rebuilds = count(
            "rebuilds", "Rebuilds by how they ended: done, held (another one holds the store), failed", "result"
        )
        self.late_adopted = count("late_adopted", "Late events that joined their sessions")
        self.rebuilt_sessions = count("rebuilt_sessions", "Sessions that a rebuild changed", "change")
        self.late_waiting = gauge("late_waiting", "Late events that the last rebuild might not adopt yet")
        self.rebuild_done = gauge("rebuild_done_timestamp_seconds", "When the last rebuild ended well; since 1970")

    def _common(self) -> None:
        self.lost_records = self._counter(
            "lost_records", "Records that retention deleted before they were read: must stay 0", "topic", "partition"
        )
        self.batches = self._counter("batches", "Batches worked through", "stage")
        self.cpu_seconds = self._counter("cpu_seconds", "CPU time of the pure functions", "stage")
        self.batch_seconds = prometheus.Histogram(
            "thalweg_batch_seconds",
            "Time from a batch's start to its last effect acknowledged",
            ["stage"],
            registry=self.registry,
            buckets=_BATCH_SECONDS,
        )

    def _counter(self, name: str, text: str, *labels: str) -> prometheus.Counter:
        return prometheus.Counter(f"thalweg_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> prometheus.Gauge:
        return prometheus.Gauge(f"thalweg_{name}", text, labels, registry=self.registry)

    def lost(self, topic: str, partition: int, records: int) -> None:
        """Records that nobody will ever read."""
        self.lost_records.labels(topic, partition).inc(records)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Observe the seconds of a batch, where its work ends well."""
        began = time.monotonic()
        yield
        self.batch_seconds.labels(stage).observe(time.monotonic() - began)

    def sink(self, what: str, number: int) -> None:
        """The sink's word: ``rows.TABLE`` acknowledged, or ``retries.TABLE``. May come from any thread."""
        kind, table = what.split(".", 1)
        if kind == "rows":
            self.attempts += 1
            self.sink_rows.labels(table).inc(number)
        elif kind == "retries":
            self.attempts += number
            self.sink_retries.labels(table).inc(number)

    def enriched(
        self, partition: int, records: int, counts: Mapping[tuple[str, str], int], cpu_seconds: float, nbytes: int = 0
    ) -> None:
        """One slice went through the enrich stages. ``counts``: (verdict, reason) → raw events."""
        self.raw_records.labels(partition).inc(records)
        self.raw_bytes.inc(nbytes)
        for (verdict, reason), number in counts.items():
            if verdict == Verdict.ACCEPTED:
                self.enriched_events.inc(number)
                continue
            self.refused.labels(verdict, reason).inc(number)
            if verdict == Verdict.DEAD:
                self.dead_letters.labels(reason).inc(number)
        self._worked("enrich", cpu_seconds)

    def removed(self, fields: Mapping[str, int]) -> None:
        """Values of these fields could not be masked and so were removed."""
        for field, number in fields.items():
            self.fields_removed.labels(field).inc(number)

    def data_file(self, setting: str, *, is_loaded: bool) -> None:
        """A changed file was met: it is in use now, or refused."""
        self.data_loads.labels(setting, "loaded" if is_loaded else "refused").inc()
        self.data_refused.labels(setting).set(not is_loaded)

    def folded(self, partition: int, effects: Folded, cpu_seconds: float) -> None:
        """One batch went through the session fold."""
        for (verdict, reason), number in Tally([(row.outcome, row.reason) for row in effects.outcomes]).items():
            self.outcomes.labels(verdict, reason).inc(number)
        self.closed_alarms.inc(effects.alarms.get(Reason.CLOSED, 0))
        self.redelivered.inc(effects.redelivered)
        for what in CAPPED:
            self.capped.labels(what.removeprefix("capped_")).inc(effects.alarms.get(what, 0))
        self.sessions_closed.inc(sum(row.is_final and not row.is_deleted for row in effects.sessions))
        self.applied_offset.labels(partition).set(effects.progress.applied)
        self._watermark(partition, effects.progress.watermark)
        self._worked("sessions", cpu_seconds)

    def rebuilt(self, report: Rebuilt) -> None:
        """A rebuild ended well."""
        self.rebuilds.labels("done").inc()
        self.late_adopted.inc(report.late_adopted)
        for change, number in (
            ("added", report.sessions_added),
            ("changed", report.sessions_changed),
            ("removed", report.sessions_removed),
        ):
            self.rebuilt_sessions.labels(change).inc(number)
        self.late_waiting.set(report.late_waiting)
        self.rebuild_done.set(self._clock())

    def _watermark(self, partition: int, watermark_ms: int) -> None:
        if watermark_ms < 0:  # nothing heard yet
            return
        if partition not in self._watermarks:
            self.watermark_lag.labels(partition).set_function(lambda: self._lag(partition))
        self._watermarks[partition] = watermark_ms

    def _lag(self, partition: int) -> float:
        watermark_ms = self._watermarks[partition]
        return 0.0 if watermark_ms == INFINITY else max(0.0, self._clock() - watermark_ms / 1000)

    def _worked(self, stage: str, cpu_seconds: float) -> None:
        self.batches.labels(stage).inc()
        self.spent(stage, cpu_seconds)

    def spent(self, stage: str, cpu_seconds: float) -> None:
        """CPU time of a stage's pure functions."""
        self.cpu_seconds.labels(stage).inc(max(0.0, cpu_seconds))

    @contextmanager
    def serve(self, port: int, host: str = LOOPBACK) -> Iterator[int]:
        """Answer Prometheus; gives the port bound (0: a free one). Raises ConfigError when it is taken."""
        try:
            server, thread = prometheus.start_http_server(port, host, self.registry)
        except OSError as error:
            raise ConfigError(
                f"metrics_port: {host}:{port} cannot be used: {error.strerror}",
                "choose a free port, or 0; metrics_host is an address of this machine",
            ) from None
        try:
            yield server.server_port
        finally:
            _stop(server, thread)


def _stop(server: WSGIServer, thread: threading.Thread) -> None:
    server.shutdown()
    server.server_close()
    thread.join()


def page(metrics: Metrics) -> str:
    """The table of docs/metrics.md."""
    rows = ["| metric | kind | labels | what |", "|---|---|---|---|"]
    for name, (kind, labels, text) in sorted(_described(metrics).items()):
        rows.append(f"| `{name}` | {kind} | {', '.join(labels) or '–'} | {text} |")
    return "\n".join(rows) + "\n"


def _described(metrics: Metrics) -> dict[str, tuple[str, tuple[str, ...], str]]:
    found = {}
    for metric in vars(metrics).values():
        if isinstance(metric, prometheus.Counter | prometheus.Gauge | prometheus.Histogram):
            (family,) = metric.describe()
            name = family.name + ("_total" if family.type == "counter" else "")
            found[name] = (family.type, tuple(metric._labelnames), family.documentation)  # noqa: SLF001
    return found


if __name__ == "__main__":
    print(page(Metrics()), end="")  # noqa: T201
