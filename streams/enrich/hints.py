"""User agent client hints: what browsers tell beside a user agent whose details they have frozen.

Source: wicg.github.io/ua-client-hints (NavigatorUAData); iglu:org.ietf/http_client_hints/jsonschema/1-0-0.
"""

from contextlib import suppress

import msgspec
import re2

HINTS_SIGN = "\0"
"""Stands between agent and hints where both are one text: no agent holds it."""

_MODEL = re2.compile(r"[\pL\pN][\pL\pN _.,+()-]{0,63}")
_VERSION = re2.compile(r"\d{1,6}(?:\.\d{1,6}){0,3}")
_WINDOWS = {"0": "", "0.1": "7", "0.2": "8", "0.3": "8.1"}
_WINDOWS_11 = 13
_FROZEN_CHROME = re2.compile(r"Chrome/(\d+)\.0\.0\.0")
_FROZEN_ANDROID = "Android 10; K)"
_FROZEN_MAC = "Mac OS X 10_15_7"
_BRANDS = {
    "Brave": "Brave",
    "Vivaldi": "Vivaldi",
    "Opera": "Opera",
    "Opera GX": "Opera GX",
    "Samsung Internet": "Samsung Internet",
    "DuckDuckGo": "DuckDuckGo",
    "YaBrowser": "Yandex Browser",
    "Microsoft Edge": "Edge",
    "Microsoft Edge WebView2": "Edge",
}
"""Brand → the name ua-parser has for the browser, where the agent may call itself plain Chrome."""


class Brand(msgspec.Struct, frozen=True):
    """One of ``brands``."""

    brand: str = ""
    version: str = ""


class Hints(msgspec.Struct, frozen=True):
    """What was sent, by either spelling of the names."""

    brands: list[Brand] = []
    full_version_list: list[Brand] = msgspec.field(default=[], name="fullVersionList")
    ua_full_version: str = msgspec.field(default="", name="uaFullVersion")
    mobile: bool | None = None
    is_mobile: bool | None = msgspec.field(default=None, name="isMobile")
    platform: str = ""
    platform_version: str = msgspec.field(default="", name="platformVersion")
    model: str = ""


_decode = msgspec.json.Decoder(Hints, strict=False).decode
NO_HINTS = Hints()


def read_hints(text: str) -> Hints:
    """Hints that cannot be read say nothing."""
    with suppress(msgspec.MsgspecError, UnicodeError):
        return _decode(text)
    return NO_HINTS


def thaw(agent: str, hints: Hints) -> str:
    """The agent with its frozen parts filled from the hints, so that one library names every device.

    Source: chromium.org/updates/ua-reduction (Android is always "10; K", macOS 10_15_7, Chrome's minor parts 0).
    """
    version = _trimmed(hints.platform_version)
    if _FROZEN_ANDROID in agent and (version or hints.model):
        model = hints.model if _MODEL.fullmatch(hints.model) else "K"
        agent = agent.replace(_FROZEN_ANDROID, f"Android {version or 10}; {model})")
    elif version and _FROZEN_MAC in agent:
        agent = agent.replace(_FROZEN_MAC, "Mac OS X " + version.replace(".", "_"))
    full = _full_version(hints)
    if full and (frozen := _FROZEN_CHROME.search(agent)) and frozen.group(1) == full.partition(".")[0]:
        agent = agent.replace(frozen.group(), f"Chrome/{full}")
    return agent


def _full_version(hints: Hints) -> str:
    listed = {brand.brand: brand.version for brand in hints.full_version_list}
    full = listed.get("Google Chrome") or listed.get("Chromium") or hints.ua_full_version
    return full if _VERSION.fullmatch(full) else ""


def _trimmed(version: str) -> str:
    """Without trailing zeros, as agents write it; empty where it is none."""
    if not _VERSION.fullmatch(version):
        return ""
    while version.endswith(".0"):
        version = version[:-2]
    return "" if version == "0" else version


def browser_of(hints: Hints) -> tuple[str, str]:
    """(Family, version) of a browser that hides behind Chrome's agent; empty where the agent says enough."""
    for brand in (*hints.full_version_list, *hints.brands):
        if family := _BRANDS.get(brand.brand):
            version = brand.version if _VERSION.fullmatch(brand.version) else ""
            return family, ".".join(version.split(".")[:3])
    return "", ""


def windows_of(hints: Hints) -> str:
    """Windows' version, which no agent tells above 10.

    Source: learn.microsoft.com/microsoft-edge/web-platform/how-to-detect-win11 (13 and above are Windows 11).
    """
    version = hints.platform_version
    if hints.platform != "Windows" or not _VERSION.fullmatch(version):
        return ""
    major, _, rest = version.partition(".")
    if major == "0":
        return _WINDOWS.get(f"0.{rest.partition('.')[0]}", "")
    return "11" if int(major) >= _WINDOWS_11 else "10"


def is_mobile(hints: Hints) -> bool:
    """Whether the browser says that it is on a phone."""
    return bool(hints.mobile or hints.is_mobile)
