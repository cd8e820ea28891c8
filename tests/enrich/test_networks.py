import re
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.enrich.networks import CRAWLER_NETWORK, HOSTING, Networks, Owner, make_network_of
from streams.enrich.site_data import open_networks

TABLE, _ = open_networks()
network_of = make_network_of(TABLE)


@pytest.mark.parametrize(
    ("address", "asn", "indicator"),
    [
        ("66.249.66.0", 15169, CRAWLER_NETWORK),  # Googlebot, cut to /24
        ("66.249.79.0", 0, CRAWLER_NETWORK),
        ("66.249.80.0", 0, ""),  # proxies: people read through them
        ("2001:4860:4801::", 15169, CRAWLER_NETWORK),
        ("2001:4860:4802::", 15169, ""),
        ("157.55.39.0", 8075, CRAWLER_NETWORK),  # Bing, within Microsoft's
        ("203.0.113.0", 32934, CRAWLER_NETWORK),
        ("203.0.113.0", 16509, HOSTING),
        ("203.0.113.0", 13335, ""),  # Cloudflare: people browse through it
        ("203.0.113.0", 3320, ""),
        ("", 16509, HOSTING),
        ("not an address", 0, ""),
        ("1.2.3", 0, ""),
        ("\ud800", 0, ""),
    ],
)
def test_networks_and_systems_are_known(address: str, asn: int, indicator: str) -> None:
    """A crawler's own network goes before its host's."""
    assert network_of(address, asn) == indicator


def test_the_table_is_sound() -> None:
    """Networks are as long as addresses are cut to at most, no AS stands twice, every owner has something."""
    owners = [*TABLE.crawlers.items(), *TABLE.hosting.items()]
    systems = [asn for _, owner in owners for asn in owner.asns]

    assert len(systems) == len(set(systems))
    assert [name for name, owner in owners if not owner.asns and not owner.networks] == []
    assert all(re.fullmatch(r"[\w &.]+", name) for name, _ in owners)
    listed = [ip_network(net) for _, owner in owners for net in owner.networks]
    assert not any(a.overlaps(b) for a in listed for b in listed if a is not b and a.version == b.version)


@pytest.mark.parametrize("net", ["10.0.0.0/25", "2001:db8::/49", "10.0.0.1/24", "x"])
def test_a_network_that_addresses_cannot_tell_is_refused(net: str) -> None:
    """Longer than /24 or /48, with host bits, or none at all."""
    with pytest.raises(ValueError):
        make_network_of(Networks(crawlers={"x": Owner(networks=[net])}))


@given(st.integers(0, 2**32 - 1), st.integers(8, 24), st.integers(0, 2**32 - 1))
def test_an_address_is_inside_as_python_says(base: int, length: int, number: int) -> None:
    """Any network, any address."""
    net = ip_network((base >> (32 - length) << (32 - length), length))
    address = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    inside = make_network_of(Networks(crawlers={"x": Owner(networks=[str(net)])}))

    assert (inside(address, 0) == CRAWLER_NETWORK) == (ip_network(address).subnet_of(net))  # type: ignore[arg-type]


def test_the_longest_network_decides() -> None:
    """A crawler within a hosting company's network."""
    table = Networks(
        crawlers={"x": Owner(networks=["10.1.2.0/24"])}, hosting={"y": Owner(networks=["10.1.0.0/16"], asns=[7])}
    )
    inside = make_network_of(table)

    assert (inside("10.1.2.3", 7), inside("10.1.3.3", 0), inside("10.2.0.0", 7), inside("10.2.0.0", 0)) == (
        CRAWLER_NETWORK,
        HOSTING,
        HOSTING,
        "",
    )
