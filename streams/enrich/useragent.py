"""Browser, system and device from the user agent and the client hints beside it."""

from collections.abc import Callable

import msgspec
import re2

from streams.enrich.hints import HINTS_SIGN, Hints, browser_of, is_mobile, read_hints, thaw, windows_of
from streams.memo import remember
from streams.records import Event

LONGEST = 1024
"""Characters of an agent that are looked at: real ones end far earlier, and patterns cost by length."""

LONGEST_KEY = 4096
"""Characters of agent and hints that are remembered together."""

BOT = "Bot"

Columns = tuple[str, str, str, str, str, str]
"""(br_family, br_version, os_family, os_version, dvce_family, dvce_type)."""


class Agent(msgspec.Struct, frozen=True):
    """What an agent's text says; empty where it says nothing."""

    br_family: str = ""
    br_version: str = ""
    os_family: str = ""
    os_version: str = ""
    dvce_family: str = ""


ReadAgent = Callable[[str], Agent]

_TV = re2.compile(
    r"(?i)smart-?tv|smarttv|google ?tv|apple ?tv|tvos|android tv|hbbtv|netcast|web0s|bravia|roku|crkey|viera|aquos"
    r"|\baft[a-z]{1,4}\b|dlnadoc|tizen.*\btv\b|\btv safari"
)
_TABLET = re2.compile(r"(?i)ipad|tablet|playbook|kindle|silk/(?:.*like gecko\) )?|nexus (?:7|9|10)\b|\bsm-[tx]\d|xoom")
_MOBILE = re2.compile(
    r"(?i)mobile|mobi\b|iphone|ipod|windows phone|iemobile|blackberry|bb10|opera mini|symbian|kaios|j2me|midp|webos"
)
_DESKTOP = re2.compile(r"(?i)windows nt|win(?:98|95)|macintosh|x11|cros |linux (?:x86_64|i[3-6]86)|ubuntu")


def device_type(agent: str, dvce_family: str) -> str:
    """Desktop, Mobile, Tablet, TV, Bot or Other.

    Android browsers say "Mobile" on phones and not on tablets; apps (Dalvik, okhttp) say neither, and most run on
    phones. Source: developer.chrome.com/docs/multidevice/user-agent.
    """
    if dvce_family == "Spider":
        return BOT
    if _TV.search(agent):
        return "TV"
    if _TABLET.search(agent):
        return "Tablet"
    if _MOBILE.search(agent) or "Dalvik/" in agent:
        return "Mobile"
    if "Android" in agent:
        return "Tablet"
    return "Desktop" if _DESKTOP.search(agent) else "Other"


def make_useragent(read: ReadAgent, version: str) -> Callable[[Event], None]:
    """Fills br_family, br_version, os_family, os_version, dvce_family, dvce_type and ua_version.

    Client hints (``ua_hints``) go before what the agent has frozen. An agent is cut at LONGEST characters. ``read`` is
    asked once per agent and hints while they are remembered.
    """

    def look_up(text: str) -> Columns:
        agent, _, sent = text.partition(HINTS_SIGN)
        return _columns(read, agent[:LONGEST], read_hints(sent) if sent else None)

    known = remember(look_up, longest=LONGEST_KEY)

    def useragent(event: Event) -> None:
        event.ua_version = version
        agent, sent = event.useragent, event.ua_hints
        if not agent and not sent:
            return
        if sent:
            agent = f"{agent}{HINTS_SIGN}{sent}"
        (
            event.br_family,
            event.br_version,
            event.os_family,
            event.os_version,
            event.dvce_family,
            event.dvce_type,
        ) = known(agent)

    return useragent


def _columns(read: ReadAgent, agent: str, hints: Hints | None) -> Columns:
    if hints is not None:
        agent = thaw(agent, hints)
    found = read(agent)
    kind = device_type(agent, found.dvce_family)
    browser, version, system = found.br_family, found.br_version, found.os_version
    if hints is not None and kind != BOT:
        hidden, hidden_version = browser_of(hints)
        if hidden and hidden != browser:
            browser, version = hidden, hidden_version
        if found.os_family == "Windows":
            system = windows_of(hints) or system
        if kind in ("Desktop", "Other") and is_mobile(hints):
            kind = "Mobile"
    return browser, version, found.os_family, system, found.dvce_family, kind
