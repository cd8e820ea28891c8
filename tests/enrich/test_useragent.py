import pytest

from streams.enrich.agent_data import open_agents
from streams.enrich.useragent import Agent, device_type, make_useragent
from tests.enrich.conftest import MakeEvent

READ, VERSION = open_agents()
useragent = make_useragent(READ, VERSION)

WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
AGENTS = [
    (WINDOWS, "Chrome", "Windows", "Desktop"),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:127.0) Gecko/20100101 Firefox/127.0",
        "Firefox",
        "Mac OS X",
        "Desktop",
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
        "Chrome",
        "Chrome OS",
        "Desktop",
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox", "Linux", "Desktop"),
    (IPHONE, "Mobile Safari", "iOS", "Mobile"),
    (
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 Version/16.6 Mobile/15E148 Safari/604.1",
        "Mobile Safari",
        "iOS",
        "Tablet",
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36",
        "Chrome Mobile",
        "Android",
        "Mobile",
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
        "Chrome",
        "Android",
        "Tablet",
    ),
    (
        "Mozilla/5.0 (Linux; Android 9; AFTMM) AppleWebKit/537.36 Silk/100.1 like Chrome/100 Safari/537.36",
        "Amazon Silk",
        "Android",
        "TV",
    ),
    ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 Version/6.0 TV Safari/537.36", None, "Tizen", "TV"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot", "", "Bot"),
    ("curl/8.5.0", "curl", "", "Other"),
]


@pytest.mark.parametrize(("agent", "browser", "system", "kind"), AGENTS)
def test_browser_system_and_device(
    make_event: MakeEvent, agent: str, browser: str | None, system: str, kind: str
) -> None:
    """Common agents of every device type."""
    event = make_event(useragent=agent)
    useragent(event)

    assert (event.os_family, event.dvce_type) == (system, kind)
    assert browser is None or event.br_family == browser
    assert event.ua_version == VERSION


def test_versions_are_dotted(make_event: MakeEvent) -> None:
    """Major, minor, patch, as far as known."""
    event = make_event(useragent=IPHONE)
    useragent(event)

    assert (event.br_version, event.os_version, event.dvce_family) == ("17.5", "17.5", "iPhone")


def test_no_agent_says_nothing(make_event: MakeEvent) -> None:
    """All columns stay empty, the version is named."""
    event = make_event()
    useragent(event)

    assert (event.br_family, event.os_family, event.dvce_family, event.dvce_type) == ("", "", "", "")
    assert event.ua_version == VERSION


def test_agents_are_read_once_and_cut(make_event: MakeEvent) -> None:
    """What lies beyond 1024 characters is not looked at, and equal agents are looked up once."""
    read: list[str] = []

    def reader(agent: str) -> Agent:
        read.append(agent)
        return Agent()

    counted = make_useragent(reader, "1")
    for tail in ("a", "b", "a"):
        counted(make_event(useragent="x" * 1024 + tail))

    assert read == ["x" * 1024] * 2


@pytest.mark.parametrize("head", ["SmartWatch(", "Mozilla/5.0 (Linux; U; Android 2 ", "iPhone", "HbbTV/1.1.1 ("])
def test_a_hostile_agent_is_read_whole_in_linear_time(head: str) -> None:
    """GHSA-pmrj-h5xm-8q57 and its kin: 200 kB of blanks would take a backtracking engine for days."""
    assert READ(head + " " * 200_000).br_family == READ(head).br_family


def test_device_type_needs_no_library() -> None:
    """The library's only part is the word Spider."""
    assert device_type(WINDOWS, "Spider") == "Bot"
    assert device_type("", "") == "Other"
