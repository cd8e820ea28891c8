import os
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from streams.enrich.site_data import open_sites
from streams.enrich.sites import UNKNOWN, make_sites, media_of

TABLE, _ = open_sites()
site_of = make_sites(TABLE)
SHARED = Path(os.environ.get("THALWEG_SHARED", Path(__file__).parents[3] / "shared")) / "data" / "ref_matomo_cc0"


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("www.google.com", ("search", "Google")),
        ("www.google.co.uk", ("search", "Google")),
        ("google.de", ("search", "Google")),
        ("WWW.GOOGLE.FR.", ("search", "Google")),
        ("mail.google.com", ("email", "Gmail")),
        ("gemini.google.com", ("ai", "Gemini")),
        ("l.facebook.com", ("social", "Facebook")),
        ("out.reddit.com", ("social", "Reddit")),
        ("t.co", ("social", "X")),
        ("chatgpt.com", ("ai", "ChatGPT")),
        ("com.google.android.gm", ("email", "Gmail")),
        ("m.youtube.com", ("video", "YouTube")),
        ("www.amazon.com.au", ("shopping", "Amazon")),
        ("notgoogle.com", UNKNOWN),
        ("google.example.com", UNKNOWN),
        ("google", UNKNOWN),
        ("", UNKNOWN),
        ("192.0.2.1", UNKNOWN),
    ],
)
def test_the_longest_known_end_of_a_host_decides(host: str, site: tuple[str, str]) -> None:
    """Subdomains belong to their site unless they are one themselves; look-alikes do not."""
    assert site_of(host) == site


def test_no_host_stands_twice() -> None:
    """The table has one answer per host."""
    hosts = [host for sources in TABLE.values() for listed in sources.values() for host in listed]

    assert len(hosts) == len(set(hosts))
    assert all(re.fullmatch(r"[a-z0-9.-]+(\.\*)?", host) for host in hosts)


def test_sources_have_one_medium() -> None:
    """A name in utm_source says one medium."""
    assert media_of(TABLE)["chatgpt"] == "ai"
    assert len(media_of(TABLE)) == sum(len(sources) for sources in TABLE.values())


def of_the_list(file: str) -> list[str]:
    """The hosts of a public list; ``{}`` is any country."""
    listed = yaml.safe_load((SHARED / file).read_text())
    if file == "SearchEngines.yml":
        found = [host for engines in listed.values() for engine in engines for host in engine["urls"]]
    else:
        found = [host for hosts in listed.values() for host in hosts]
    return [host.replace("{}", "com") for host in found if "/" not in host]


@pytest.mark.skipif(not SHARED.exists(), reason="the public lists to compare with (../shared) are not here")
@pytest.mark.parametrize(
    ("file", "medium", "agreed", "unknown", "otherwise"),
    [
        (
            "SearchEngines.yml", "search", 242, 389,
            # assistants that search, and social networks one can search
            {"chat.openai.com": "ai", "chatgpt.com": "ai", "www.perplexity.ai": "ai", "you.com": "ai",
             "digg.com": "social", "www.facebook.com": "social", "searchservice.myspace.com": "social"},
        ),
        (
            "Socials.yml", "social", 142, 66,
            # video is a medium of its own here, and Google+ is gone
            {"bilibili.com": "video", "douyu.com": "video", "huya.com": "video", "nicovideo.jp": "video",
             "twitcasting.tv": "video", "vimeo.com": "video", "youtu.be": "video", "youtube.com": "video",
             "plus.google.com": "search", "url.google.com": "search"},
        ),
        ("AIAssistants.yml", "ai", 22, 2, {}),
    ],
)  # fmt: skip
def test_we_agree_with_a_public_list(
    file: str, medium: str, agreed: int, unknown: int, otherwise: dict[str, str]
) -> None:
    """Matomo's CC0 lists: how many hosts get the same medium, how many we do not know, which are called otherwise."""
    ours = {host: site_of(host)[0] for host in of_the_list(file)}
    counts = Counter(ours.values())

    assert {host: found for host, found in ours.items() if found not in (medium, "")} == otherwise
    assert (counts[medium], counts[""]) == (agreed, unknown)
