"""What simulated visitors hold in their hands: user agents with the screens that go with them."""

from typing import NamedTuple

from streams.simulate.chance import Weighted, zipf

_MOZILLA = "Mozilla/5.0"
_KHTML = "(KHTML, like Gecko)"
_WEBKIT = f"AppleWebKit/537.36 {_KHTML}"
_WEBKIT_BOT = "AppleWebKit/537.36 (KHTML, like Gecko; compatible;"
_WINDOWS = "(Windows NT 10.0; Win64; x64)"
_MAC = "(Macintosh; Intel Mac OS X 10_15_7)"
_LINUX = "(X11; Linux x86_64)"
_IPHONE = "(iPhone; CPU iPhone OS 18_6 like Mac OS X)"
_IPAD = "(iPad; CPU OS 18_6 like Mac OS X)"


class Device(NamedTuple):
    """``kind`` is what column dvce_type should say; screens in CSS pixels."""

    user_agent: str
    kind: str
    width: int
    height: int


def _chrome(system: str, version: str = "141.0.0.0", extra: str = "") -> str:
    return f"{_MOZILLA} {system} {_WEBKIT} Chrome/{version}{extra} Safari/537.36"


def _safari(system: str, version: str) -> str:
    return f"{_MOZILLA} {system} AppleWebKit/605.1.15 {_KHTML} Version/{version} Safari/605.1.15"


def _ios(system: str, version: str, browser: str = "Version") -> str:
    return f"{_MOZILLA} {system} AppleWebKit/605.1.15 {_KHTML} {browser}/{version} Mobile/15E148 Safari/604.1"


def _firefox(system: str, version: str) -> str:
    return f"{_MOZILLA} ({system}; rv:{version}) Gecko/20100101 Firefox/{version}"


def _android(model: str, extra: str = " Mobile", release: str = "15") -> str:
    return _chrome(f"(Linux; Android {release}; {model})", extra=extra)


# Shares are rough: a shop's audience in 2026.
WEB = (
    (Device(_chrome(_WINDOWS), "Desktop", 1920, 1080), 18),
    (Device(_chrome(_WINDOWS, "140.0.0.0"), "Desktop", 1536, 864), 5),
    (Device(f"{_chrome(_WINDOWS)} Edg/141.0.0.0", "Desktop", 1920, 1080), 7),
    (Device(f"{_chrome(_WINDOWS, '139.0.0.0')} OPR/123.0.0.0", "Desktop", 1366, 768), 2),
    (Device(_firefox("Windows NT 10.0; Win64; x64", "143.0"), "Desktop", 1920, 1080), 4),
    (Device(_chrome(_MAC), "Desktop", 1512, 982), 6),
    (Device(_safari(_MAC, "18.6"), "Desktop", 1440, 900), 6),
    (Device(_safari(_MAC, "26.0"), "Desktop", 1728, 1117), 2),
    (Device(_firefox("Macintosh; Intel Mac OS X 10.15", "143.0"), "Desktop", 1440, 900), 1),
    (Device(_chrome(_LINUX), "Desktop", 1920, 1080), 1),
    (Device(_firefox("X11; Linux x86_64", "143.0"), "Desktop", 2560, 1440), 2),
    (Device(_chrome("(X11; CrOS x86_64 14541.0.0)"), "Desktop", 1366, 768), 1),
    (Device(_ios(_IPHONE, "18.6"), "Mobile", 390, 844), 14),
    (Device(_ios(_IPHONE, "26.0"), "Mobile", 402, 874), 5),
    (Device(_ios(_IPHONE, "141.0.7390.41", "CriOS"), "Mobile", 393, 852), 2),
    (Device(_android("K"), "Mobile", 412, 915), 13),
    (Device(_android("SM-S921B"), "Mobile", 360, 780), 2),
    (Device(_android("Pixel 8"), "Mobile", 412, 915), 2),
    (
        Device(
            f"{_MOZILLA} (Linux; Android 14; SM-A546B) {_WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 "
            "Mobile Safari/537.36",
            "Mobile",
            360,
            800,
        ),
        3,
    ),
    (Device(f"{_MOZILLA} (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0", "Mobile", 412, 892), 1),
    (Device(_ios(_IPAD, "18.6"), "Tablet", 820, 1180), 3),
    (Device(_android("SM-X710", extra="", release="14"), "Tablet", 800, 1280), 1),
    (
        Device(
            f"{_MOZILLA} (SMART-TV; LINUX; Tizen 7.0) {_WEBKIT} 94.0.4606.31/7.0 TV Safari/537.36",
            "TV",
            1920,
            1080,
        ),
        1,
    ),
    (
        Device(
            f"{_MOZILLA} (Web0S; Linux/SmartTV) {_WEBKIT} Chrome/108.0.5359.211 Safari/537.36 WebAppManager",
            "TV",
            1920,
            1080,
        ),
        1,
    ),
)

APP = (
    (Device(f"{_MOZILLA} {_IPHONE} AppleWebKit/605.1.15 {_KHTML} Mobile/15E148", "Mobile", 390, 844), 40),
    (Device(f"{_MOZILLA} {_IPAD} AppleWebKit/605.1.15 {_KHTML} Mobile/15E148", "Tablet", 820, 1180), 6),
    (Device("Dalvik/2.1.0 (Linux; U; Android 15; Pixel 8 Build/AP4A.250205.002)", "Mobile", 412, 915), 22),
    (Device("Dalvik/2.1.0 (Linux; U; Android 14; SM-A546B Build/UP1A.231005.007)", "Mobile", 360, 800), 28),
    (
        Device(
            f"{_MOZILLA} (Linux; Android 11; AFTKA Build/RS8150) {_WEBKIT} Version/4.0 Chrome/128.0.6613.187 "
            "Mobile Safari/537.36",
            "TV",
            1920,
            1080,
        ),
        4,
    ),
)

WEB_DEVICES = Weighted([device for device, _ in WEB], [share for _, share in WEB])
APP_DEVICES = Weighted([device for device, _ in APP], [share for _, share in APP])

HEADLESS = Device(_chrome(_LINUX).replace("Chrome/", "HeadlessChrome/"), "Bot", 800, 600)
CRAWLERS = tuple(
    Device(f"{_MOZILLA} {rest}", "Bot", 1024, 768)
    for rest in (
        f"{_WEBKIT_BOT} Googlebot/2.1; +http://www.google.com/bot.html) Chrome/141.0.7390.54 Safari/537.36",
        f"{_WEBKIT_BOT} bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/136.0.0.0 Safari/537.36",
        f"{_WEBKIT_BOT} GPTBot/1.2; +https://openai.com/gptbot)",
        "(compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        "(compatible; YandexBot/3.0; +http://yandex.com/bots)",
        f"{_WEBKIT_BOT} PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
    )
)
CRAWLER_SHARES = zipf(CRAWLERS)
