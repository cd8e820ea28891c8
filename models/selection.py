"""Which sessions a model reads: an app, a time range, people only."""

from datetime import UTC, datetime

import msgspec


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions of one app or of all, that start in [since, until) (UTC), without those of bots unless ``bots``.

    Sessions whose steps were cut at the cap are left out unless ``capped``: their ends are not known.
    """

    app: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    bots: bool = False
    capped: bool = False

    def condition(self, *, of_all: bool = False) -> str:
        """SQL over columns of ``sessions_v``; with ``of_all`` bots and capped sessions count too."""
        tests = [
            text
            for text, wanted in (
                ("app_id = %(app)s", self.app is not None),
                ("start_tstamp >= fromUnixTimestamp64Milli(toInt64(%(since)s), 'UTC')", self.since),
                ("start_tstamp < fromUnixTimestamp64Milli(toInt64(%(until)s), 'UTC')", self.until),
                ("is_bot = 0", not self.bots and not of_all),
                ("is_capped = 0", not self.capped and not of_all),
            )
            if wanted
        ]
        return " AND ".join(tests) or "1"

    def parameters(self) -> dict[str, str | int]:
        """The values of ``condition``, for the driver."""
        times = {"since": self.since, "until": self.until}
        return {"app": self.app or ""} | {name: milliseconds(time) for name, time in times.items() if time}


def milliseconds(time: datetime) -> int:
    """Since the epoch; a time without zone is UTC."""
    return round(time.replace(tzinfo=time.tzinfo or UTC).timestamp() * 1000)
