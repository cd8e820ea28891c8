"""Browser, system and device from the user agent."""

from collections.abc import Callable

import msgspec
import re2

from streams.memo import remember
from streams.records import Event

LONGEST = 1024
"""Characters of an agent that are looked at: real ones end far earlier, and patterns cost by length."""


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
        return "Bot"
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

    ``read`` is asked once per agent while it is remembered.
    """

    def look_up(agent: str) -> tuple[str, str, str, str, str, str]:
        found = read(agent)
        kind = device_type(agent, found.dvce_family)
        return found.br_family, found.br_version, found.os_family, found.os_version, found.dvce_family, kind

    known = remember(look_up)

    def useragent(event: Event) -> None:
        event.ua_version = version
        if agent := event.useragent:
            (
                event.br_family,
                event.br_version,
                event.os_family,
                event.os_version,
                event.dvce_family,
                event.dvce_type,
            ) = known(agent[:LONGEST])

    return useragent
