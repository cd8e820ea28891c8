import pytest

from streams.enrich.agent_data import open_agents, open_crawlers
from streams.enrich.bots import make_bots
from streams.enrich.networks import make_network_of
from streams.enrich.site_data import open_networks
from streams.enrich.useragent import make_useragent
from tests.enrich.conftest import MakeEvent
from tests.enrich.test_useragent import AGENTS

CRAWLERS, _ = open_crawlers()
bots = make_bots(CRAWLERS, make_network_of(open_networks()[0]))
useragent = make_useragent(*open_agents())


@pytest.mark.parametrize(
    ("agent", "indicators"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", ["crawler", "spider"]),
        ("python-requests/2.28.1", ["crawler"]),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/126.0.0.0 Safari/537.36",
            ["crawler", "headless"],
        ),
        ("Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 PhantomJS/2.1.1 Safari/538.1", ["crawler", "headless"]),
        ("Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", ["crawler", "spider"]),
    ],
)
def test_programs_are_marked_with_the_reasons(make_event: MakeEvent, agent: str, indicators: list[str]) -> None:
    """Their device is Bot, whatever the agent claims besides."""
    event = make_event(useragent=agent)
    useragent(event)
    bots(event)

    assert (event.is_bot, event.bot_indicators, event.dvce_type) == (1, indicators, "Bot")


@pytest.mark.parametrize("agent", [agent for agent, *_, kind in AGENTS if kind not in ("Bot", "Other")])
def test_peoples_browsers_are_not(make_event: MakeEvent, agent: str) -> None:
    """No indicator, device unchanged."""
    event = make_event(useragent=agent)
    useragent(event)
    kind = event.dvce_type
    bots(event)

    assert (event.is_bot, event.bot_indicators, event.dvce_type) == (0, [], kind)


def test_the_crawlers_own_examples_are_found(make_event: MakeEvent) -> None:
    """Every pattern's listed agents, through RE2."""
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    agents = [agent for entry in CRAWLER_USER_AGENTS_DATA for agent in entry["instances"]]
    missed = []
    for agent in agents:
        event = make_event(useragent=agent)
        bots(event)
        missed += [] if event.is_bot else [agent]

    assert len(agents) > 1000
    assert not missed


def test_no_agent_is_no_bot(make_event: MakeEvent) -> None:
    """Nothing is known of it."""
    event = make_event()
    bots(event)

    assert (event.is_bot, event.bot_indicators, event.dvce_type) == (0, [], "")
