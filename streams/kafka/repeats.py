"""Thins out what the Kafka client says again and again while a broker is away: ten times a second, per connection."""

import logging

LOGGERS = (
    "aiokafka",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)
SECONDS = 5.0
MOST_WORDINGS = 200


class Repeats(logging.Filter):
    """Of the warnings and errors of one wording, whatever it is about, lets one through per ``seconds``.

    The next one says how many were left out.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        super().__init__()
        self._seconds = seconds
        self._last: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written."""
        if record.levelno < logging.WARNING:
            return True
        key = record.name, str(record.msg)
        last, left_out = self._last.get(key, (0.0, 0))
        if record.created - last < self._seconds:
            self._last[key] = last, left_out + 1
            return False
        if len(self._last) > MOST_WORDINGS:
            self._last.clear()
        self._last[key] = record.created, 0
        if left_out:
            record.msg = f"{record.msg} ({left_out} more like it since)"
        return True


def thin_out() -> None:
    """For the loggers of the Kafka client, in this process."""
    repeats = Repeats()
    for name in LOGGERS:
        logging.getLogger(name).addFilter(repeats)
