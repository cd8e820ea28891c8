"""A site's backend: sends Segment messages to the raw topic with a plain producer, some broken, late, or twice."""

import asyncio
import contextlib
import itertools
import json
import random
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from tests.flow.live import Installation
from tests.kafka.waiting import wait_until

CANARY = "canary"
"""In everything the rules must remove: ids, addresses, traits, search words."""
EVENTS_PER_SECOND = 150
PATIENCE_MS = 15_000
"""How long the backend's producer tries to get a message to the broker."""
VISITORS = 40
USED = (0, 1)
"""The raw partitions that get records."""


class LiveClient(threading.Thread):
    """Sends until ``end``. ``pause`` returns once nothing is under way; ``go_on`` takes it up again.

    A broker that is away is waited for. ``acknowledged``: the coordinates that the broker has given it, by partition.
    """

    def __init__(self, installation: Installation, seed: int, per_second: int = EVENTS_PER_SECOND) -> None:
        super().__init__(name="client")
        self.per_second = per_second
        self.acknowledged: dict[int, set[int]] = {partition: set() for partition in USED}
        self._brokers, self._topic = installation.brokers, installation.raw
        self._chance = random.Random(seed)
        self._numbers = itertools.count()
        self._ended, self._running, self._idle = threading.Event(), threading.Event(), threading.Event()
        self._running.set()
        self.sent = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """The thread's work; ``end`` raises what failed in it."""
        try:
            asyncio.run(self._send_all())
        except BaseException as failure:  # noqa: BLE001 - told by `end`
            self.failure = failure

    def pause(self) -> None:
        """Hold on."""
        self._idle.clear()
        self._running.clear()
        assert self._idle.wait(30), "the client does not come to rest"

    def go_on(self) -> None:
        """After a pause."""
        self._running.set()

    def send_more(self, records: int, seconds: float = 60) -> None:
        """Return when so many more are sent."""
        before = self.sent
        wait_until(lambda: self.sent > before + records, seconds, f"{records} more records sent")

    def end(self) -> None:
        """Send no more, wait for what is under way."""
        self._ended.set()
        self._running.set()
        self.join(60)
        if self.failure is not None:
            raise self.failure

    async def _send_all(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(KafkaError):
                await self._send_on()

    async def _send_on(self) -> None:
        """Until the end, or until the broker fails: then a new producer begins with new numbers."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._brokers, acks="all", enable_idempotence=True, request_timeout_ms=PATIENCE_MS
        )
        await producer.start()
        try:
            while not self._ended.is_set():
                if not self._running.is_set():
                    self._idle.set()
                else:
                    burst = [message for _ in range(self.per_second // 20) for message in self._messages()]
                    sent = [await self._send(producer, *message) for message in burst]
                    self._note(await asyncio.gather(*sent, return_exceptions=True))
                await asyncio.sleep(0.05)
        finally:
            await producer.stop()

    def _note(self, answers: list[RecordMetadata | BaseException]) -> None:
        """Remember what was acknowledged; raises the first failure."""
        for answer in answers:
            if not isinstance(answer, BaseException):
                self.acknowledged[answer.partition].add(answer.offset)
                self.sent += 1
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    async def _send(self, producer: AIOKafkaProducer, kind: str, value: bytes) -> "asyncio.Future[RecordMetadata]":
        headers = [("kind", kind.encode()), ("app_id", b"shop")]
        if kind == "dead:format_unknown":
            headers.append(("format", b"unheard-of"))
        partition = self._chance.choice(USED)
        sending = await producer.send(self._topic, value, partition=partition, headers=headers)
        return cast("asyncio.Future[RecordMetadata]", sending)

    def _messages(self) -> list[tuple[str, bytes]]:
        """(what must become of it, bytes): one message, or one and its copy."""
        dice, message = self._chance.random(), self._page()
        if dice < 0.85:
            return [("time", _json(message, self._chance.choice((0, 0, 200, 700))))]
        if dice < 0.90:
            return [("time", _json(message, 300))] * 2
        if dice < 0.95:
            return [("late", _json(message, self._chance.randrange(1_500, 9_000)))]
        return [self._broken(message)]

    def _page(self) -> dict[str, object]:
        """A page view of somebody who is here for two seconds out of seven."""
        second = int(time.time())
        here = [v for v in range(VISITORS) if (second + v) % 7 < 2]
        visitor = self._chance.choice(here)
        number, host = next(self._numbers), self._chance.randrange(1, 255)
        mail = f"{CANARY}.{visitor}@example.org"
        return {
            "type": "page",
            "messageId": str(uuid.UUID(int=self._chance.getrandbits(128), version=4)),
            "anonymousId": f"{CANARY}-anon-{visitor}-{second // 20}",
            "userId": f"{CANARY}-user-{visitor}" if visitor % 3 == 0 else None,
            "traits": {"email": mail, "name": CANARY},
            "properties": {
                "url": f"https://shop.example/p/{number % 17}?utm_source=news&token={CANARY}-{number}&mail={mail}",
                "title": f"Order of {mail}",
                "note": f"call {mail} back",
            },
            "context": {
                "ip": f"198.51.100.{host}",
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
            },
        }

    def _broken(self, message: dict[str, object]) -> tuple[str, bytes]:
        reason = self._chance.choice(("syntax", "event_unknown", "field_missing", "time_unreadable", "format_unknown"))
        if reason == "event_unknown":
            message["type"] = f"{CANARY}-type"
        if reason == "field_missing":
            message["anonymousId"] = message["userId"] = None
        if reason == "time_unreadable":
            message["receivedAt"] = f"{CANARY} o'clock"
        value = _json(message, 0)
        return f"dead:{reason}", value[:-9] if reason == "syntax" else value


def _json(message: dict[str, object], age_ms: int) -> bytes:
    """The message as sent by a device whose clock is a day behind, ``age_ms`` after it happened."""
    sent = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    created = sent - timedelta(milliseconds=age_ms)
    times = {"sentAt": sent.isoformat(), "originalTimestamp": created.isoformat(timespec="milliseconds"), "age": age_ms}
    return json.dumps({**message, **times}).encode()
