from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.ip import truncate


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("192.0.2.123", "192.0.2.0"),
        ("255.255.255.255", "255.255.255.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("2001:DB8:FFFF:ffff::1", "2001:db8:ffff::"),
        ("::1", "::"),
        ("::ffff:192.0.2.123", "192.0.2.0"),
        ("::ffff:c000:27b", "192.0.2.0"),
        ("2002:c000:27b::1", "2002:c000:200::"),
        ("64:ff9b::192.0.2.123", "64:ff9b::"),
    ],
)
def test_addresses_are_cut_to_their_network(address: str, kept: str) -> None:
    """IPv4 to /24, IPv6 to /48, embedded IPv4 (mapped, 6to4) as if it stood alone."""
    assert truncate(address) == kept


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "localhost", "host.example", "192.0.2", "192.0.2.256", "192.0.2.1:80", "192.0.2.1, 10.0.0.1",
        " 192.0.2.1", "[::1]", "fe80::1%eth0", ":::", "1" * 5000, "192.0.2.1\0", "\ud800", "０.0.0.0", "0xC0.0.2.1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_removed(text: str) -> None:
    """Fail closed: nothing that cannot be cut is kept."""
    assert truncate(text) == ""


@given(st.ip_addresses(v=4))
def test_any_ipv4_keeps_its_24_bits(address: IPv4Address) -> None:
    """The same as the standard library's network."""
    assert truncate(str(address)) == str(ip_network(f"{address}/24", strict=False).network_address)


@given(st.ip_addresses(v=6))
def test_any_ipv6_keeps_at_most_48_bits(address: IPv6Address) -> None:
    """No bit beyond the 48th survives; where none is embedded, the others all do."""
    kept = ip_address(truncate(str(address)))

    if isinstance(kept, IPv6Address):
        assert int(kept) & ((1 << 80) - 1) == 0
        if not str(address).startswith("2002:"):
            assert int(kept) >> 80 == int(address) >> 80
    else:
        assert address.ipv4_mapped is not None
