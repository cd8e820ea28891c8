from pathlib import Path

import pytest

from streams.enrich.networks import Networks, Owner
from streams.enrich.site_data import open_networks, open_sites
from streams.enrich.sites import make_sites
from streams.errors import ConfigError

OWN = """\
search:
  House Search: [search.house.example]
social:
  Facebook: [quora.com]
ai:
  ChatGPT: [chat.house.example]
"""


def test_lines_of_ones_own_go_before_the_known_ones(tmp_path: Path) -> None:
    """New sites, more hosts of a known one, and another answer for a known host; all else stays."""
    file = tmp_path / "sites.yaml"
    file.write_text(OWN)
    table, version = open_sites(file)
    site_of = make_sites(table)

    assert site_of("search.house.example") == ("search", "House Search")
    assert site_of("www.quora.com") == site_of("facebook.com") == ("social", "Facebook")
    assert site_of("chat.house.example") == site_of("chatgpt.com") == ("ai", "ChatGPT")
    assert version.startswith("referrers/")
    assert version != open_sites()[1]


@pytest.mark.parametrize(
    "content", ["nonsense: {}", "search: [x]", "search: {x: y.example}", "- a", "search: {x: [1]}", "{", "\xff"]
)
def test_a_bad_table_of_sites_is_refused(tmp_path: Path, content: str) -> None:
    """With setting, file and mend; an unknown medium too, since reports would not know it."""
    file = tmp_path / "sites.yaml"
    file.write_bytes(content.encode("latin-1"))

    with pytest.raises(ConfigError, match=r"enrich\.referrers.*sites\.yaml") as refused:
        open_sites(file)
    assert refused.value.mend


def test_a_table_of_networks_takes_the_place_of_ours(tmp_path: Path) -> None:
    """Whole: what is a bot's network is for its reader to say."""
    file = tmp_path / "networks.yaml"
    file.write_text("crawlers: {House: {networks: [203.0.113.0/24], asns: [64496]}}")
    table, version = open_networks(file)

    assert table == Networks(crawlers={"House": Owner(networks=["203.0.113.0/24"], asns=[64496])})
    assert version.startswith("bot_networks/")


@pytest.mark.parametrize("content", ["crawlers: {x: {networks: [10.0.0.0/30]}}", "bots: {}", "crawlers: {x: 1}", "{"])
def test_a_bad_table_of_networks_is_refused(tmp_path: Path, content: str) -> None:
    """Also a network that is longer than addresses are cut to."""
    file = tmp_path / "networks.yaml"
    file.write_text(content)

    with pytest.raises(ConfigError, match=r"enrich\.bot_networks.*networks\.yaml"):
        open_networks(file)
