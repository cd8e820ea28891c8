"""Programs among the visitors: marked with the reasons, never dropped."""

from collections.abc import Callable, Iterable

import re2

from streams.memo import remember
from streams.records import Event

LONGEST = 1024
CRAWLER = "crawler"
SPIDER = "spider"
HEADLESS = "headless"

_HEADLESS = re2.compile(r"(?i)headless|phantomjs|slimerjs|puppeteer|playwright|selenium|webdriver|electron-fetch|jsdom")


def make_bots(crawlers: Iterable[str]) -> Callable[[Event], None]:
    """Fills is_bot, bot_indicators and, for a bot, dvce_type ``Bot``; runs after the user agent stage.

    ``crawlers`` are RE2 patterns of agents. Indicators: ``crawler`` (one of them fits), ``spider`` (the user agent
    library says so), ``headless`` (a driven browser). Raises re2.error for a pattern RE2 does not take.
    """
    patterns = re2.Set.SearchSet()
    for pattern in crawlers:
        patterns.Add(pattern)
    patterns.Compile()

    def look_up(agent: str) -> tuple[str, ...]:
        found = (CRAWLER if patterns.Match(agent) else "", HEADLESS if _HEADLESS.search(agent) else "")
        return tuple(filter(None, found))

    known = remember(look_up)

    def bots(event: Event) -> None:
        indicators = known(event.useragent[:LONGEST]) if event.useragent else ()
        if event.dvce_type == "Bot":
            indicators = (*indicators, SPIDER)
        if indicators:
            event.is_bot = 1
            event.bot_indicators = list(indicators)
            event.dvce_type = "Bot"

    return bots
