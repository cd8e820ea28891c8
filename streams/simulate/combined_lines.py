"""The shop's visits as lines of an access log. Source: Apache mod_log_config, format ``combined``."""

from collections.abc import Callable, Iterator
from itertools import count
from random import Random

from streams.simulate.chance import Chance
from streams.simulate.clock import log_time
from streams.simulate.line import Line
from streams.simulate.shop import HOST
from streams.simulate.sources import landing_query
from streams.simulate.steps import PAGE, SERVER, Step, Visit, dwell_ms
from streams.simulate.truth import BROKEN, EVENT

ASSETS = ("/assets/site.css", "/assets/site.js", "/assets/logo.svg", "/favicon.ico")
BROKEN_LINES = 0.0005
_DISORDER_MS = 300
_NOBODY = "nobody@example.com"


class CombinedLines:
    """``lines(visit)``. The visitor is address and user agent; times are whole seconds and nothing is ever late."""

    def __init__(self, random: Random) -> None:
        self._chance: Chance = random.random
        self._bits: Callable[[int], int] = random.getrandbits
        self._numbers: Iterator[int] = count()

    def lines(self, visit: Visit) -> list[Line]:
        out: list[Line] = []
        happened, referrer = visit.start_ms, visit.source.referrer or "-"
        for number, step in enumerate(visit.steps):
            if step.kind == PAGE:
                target = self._target(visit, step, is_landing=number == 0)
                self._request(out, visit, f"GET {target}", self._status(), referrer, happened)
                referrer = f"https://{HOST}{target}"
                if number == 0 and not visit.visitor.is_bot:
                    for asset in ASSETS:
                        self._request(out, visit, f"GET {asset}", 200, referrer, happened + 120)
            elif step.kind != SERVER:
                what = step.name.lower().replace(" ", "-") or step.kind
                self._request(out, visit, f"POST /collect/{what}", 204, referrer, happened)
            happened += dwell_ms(visit, step, self._chance)
        return out

    def _target(self, visit: Visit, step: Step, *, is_landing: bool) -> str:
        query = step.query
        if is_landing and visit.source.query:
            extra = landing_query(visit.source, visit.visitor.email or _NOBODY, self._bits(160))
            query = f"{query}&{extra}" if query else extra
        return f"{step.path}?{query}" if query else step.path

    def _status(self) -> int:
        draw = self._chance()
        return 200 if draw < 0.97 else 404 if draw < 0.99 else 302

    def _request(self, out: list[Line], visit: Visit, request: str, status: int, referrer: str, happened: int) -> None:
        visitor = visit.visitor
        address, agent = visitor.place.network, visitor.device.user_agent
        size = 300 + self._bits(14)
        text = f'{address} - - [{log_time(happened)}] "{request} HTTP/1.1" {status} {size} "{referrer}" "{agent}"'
        line = Line(
            happened + int(self._chance() * _DISORDER_MS),
            next(self._numbers),
            text,
            visitor.app,
            EVENT,
            f"{address} {agent}",
            "",
            happened // 1000 * 1000,
            visitor.is_bot,
            visit.journey,
        )
        out.append(line)
        if self._chance() < BROKEN_LINES:
            out.append(self._broken(line))

    def _broken(self, line: Line) -> Line:
        """The same line with its last quote left open."""
        return line._replace(
            position=line.position + 1, number=next(self._numbers), text=line.text[:-1], kind=BROKEN, reason="syntax"
        )
