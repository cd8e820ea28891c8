"""A worker process for the tests: appends what it works off to a file, and keeps a count per key in its state.

Arguments: one JSON object (see ``Plan``). Every line it writes is ``partition value``; the file is the effect.
"""

import asyncio
import os
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import cast

import msgspec
from faust.types import TP

from streams.kafka.app import BatchApp, make_app, run_worker
from streams.kafka.batch import BatchMessage
from streams.kafka.consumer import BatchConsumer
from streams.kafka.dispatch import Dispatcher, Limits
from streams.kafka.state import StateTable, make_state
from streams.records import OWN_KEY
from streams.settings import KafkaSettings, Settings

STAMP = struct.Struct(">Q")


class Plan(msgspec.Struct, kw_only=True):
    """What the worker does. Seconds; ``fail_on`` is a value at which ``work`` raises."""

    topic: str
    out: str
    kafka: dict[str, str | int | float | bool]
    limits: tuple[int, int, float] = (1000, 1 << 20, 0.2)
    delay: float = 0.0
    blocking: bool = False
    fail_on: str = ""
    state_partitions: int = 0
    max_poll: float = 0.0
    state_report: str = ""
    started: bool = False
    delay_once: bool = False
    heads: bool = False
    faust_events: bool = False
    watchdog: float = 0.0


class CountingWork:
    """The work: lines to the file, then (with state) counts to the changelog."""

    def __init__(self, plan: Plan, state: StateTable | None) -> None:
        self._plan, self._state, self._delay = plan, state, plan.delay
        self._file = os.open(plan.out, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def __call__(self, partition: int, batches: list[BatchMessage]) -> None:
        """One batch."""
        records = [record for batch in batches for record in batch.records]
        if self._plan.started:
            Path(f"{self._plan.out}.started").touch()
        if self._delay:
            await self._pause()
        values = [(record.value or b"").decode() for record in records]
        if self._plan.fail_on in values:
            raise ValueError(f"secret content {values[0]}")
        os.write(self._file, "".join(f"{partition} {value}\n" for value in values).encode())
        if self._state is not None:
            offset = max(records[-1].offset, self._applied(self._state, partition))
            fresh = [r for r in records if r.offset > self._applied(self._state, partition)]
            await self._count(self._state, partition, Counter(r.key or b"" for r in fresh), offset)
            if self._plan.state_report:
                self._report(self._state)

    def _report(self, state: StateTable) -> None:
        counts = {
            str(partition): {
                key.decode(): STAMP.unpack(value[8:])[0]
                for key, value in state.view(partition).items()
                if key != OWN_KEY
            }
            for partition in range(self._plan.state_partitions)
        }
        report = Path(self._plan.state_report)
        report.with_suffix(".new").write_bytes(msgspec.json.encode(counts))
        report.with_suffix(".new").replace(report)

    async def _pause(self) -> None:
        delay, self._delay = self._delay, 0.0 if self._plan.delay_once else self._delay
        if self._plan.blocking:
            time.sleep(delay)  # noqa: ASYNC251 - it is meant to block
        else:
            await asyncio.sleep(delay)

    def _applied(self, state: StateTable, partition: int) -> int:
        own = state.view(partition).get(OWN_KEY)
        return int(STAMP.unpack(own[:8])[0]) if own is not None else -1

    async def _count(self, state: StateTable, partition: int, counts: Counter[bytes], offset: int) -> None:
        view, stamp = state.view(partition), STAMP.pack(offset)
        old = {key: STAMP.unpack(view[key][8:])[0] if key in view else 0 for key in counts}
        await state.publish(partition, {k: stamp + STAMP.pack(n + old[k]) for k, n in counts.items()}, stamp)


def main() -> None:
    """Run until a signal."""
    plan = msgspec.json.decode(sys.argv[1], type=Plan)
    data_dir = Path(plan.out).parent / f"worker-{os.getpid()}"
    app = make_app("test", Settings(kafka=KafkaSettings(**plan.kafka), data_dir=data_dir, watchdog=plan.watchdog))
    if plan.max_poll:
        app.conf.broker_max_poll_interval = plan.max_poll
    state = make_state(app, "counts", plan.state_partitions) if plan.state_partitions else None
    revoked = Path(f"{plan.out}.revoked")

    def on_revoked(partitions: set[int]) -> None:
        with revoked.open("a") as file:
            file.write(f"{sorted(partitions)}\n")

    Dispatcher(app, plan.topic, CountingWork(plan, state), Limits(*plan.limits), on_revoked)
    if plan.heads:
        report_head(app, TP(plan.topic, 0), Path(f"{plan.out}.head"))
    if plan.faust_events:
        report_events(app, Path(f"{plan.out}.events"))
    run_worker(app)


def report_events(app: BatchApp, file: Path) -> None:
    """Write how many messages Faust's own monitor has counted, again and again."""

    @app.timer(0.1)  # type: ignore[untyped-decorator]
    async def tell() -> None:
        file.with_suffix(".counted").write_text(str(app.monitor.messages_received_total))
        file.with_suffix(".counted").replace(file)


def report_head(app: BatchApp, tp: TP, file: Path) -> None:
    """Write when the head of ``tp`` was found, again and again."""

    @app.timer(0.1)  # type: ignore[untyped-decorator]
    async def tell() -> None:
        consumer = cast("BatchConsumer", app.consumer)
        heard = consumer.heard_head(tp) if tp in consumer.assignment() else None
        if heard is not None:
            file.with_suffix(".new").write_text(str(heard))
            file.with_suffix(".new").replace(file)


if __name__ == "__main__":
    main()
