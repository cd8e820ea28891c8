from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.address import find_addresses
from streams.anonymize.ip import truncate
from streams.anonymize.layers import rewrite
from tests.anonymize.default_functions import redact


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.0"),
        ("203.000.113.009", "203.000.113.0"),
        ("255.255.255.255", "255.255.255.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("2001:DB8:1:2::6", "2001:db8:1::"),
        ("::ffff:203.0.113.9", "203.0.113.0"),
        ("::ffff:cb00:7109", "203.0.113.0"),
        ("64:ff9b::203.0.113.9", "64:ff9b::"),
        ("1:2:3:4:5:6:203.0.113.9", "1:2:3::"),
        ("fe80::1", "fe80::"),
        ("2001:db8:1:2:3:4:5:6:443", "(ip)"),
        ("1::2::3", "(ip)"),
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "from {} to",
        "{}, {}",
        '{{"ip":"{}","n":[1,2]}}',
        "ip={}",
        "ip_{}",
        "[{}]:443",
        "/u/{}/x",
        "at {}.",
        "({})",
    ],
)
def test_an_address_anywhere_becomes_its_network(address: str, network: str, around: str) -> None:
    """Lists, JSON, brackets, ports, the end of a sentence; the words around it stay."""
    assert redact(around.format(address, address)) == around.format(network, network)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize(("address", "network"), [("203.0.113.9", "203.0.113.0"), ("2001:db8:1:2::6", "2001:db8:1::")])
def test_percent_encoding_hides_no_address(address: str, network: str, layers: int) -> None:
    """Neither its signs' nor a neighbour's code."""
    text, every = f"a {address} b", "".join(f"%{byte:02x}" for byte in address.encode())
    for _ in range(layers):
        text = quote(text, safe="")
    for _ in range(layers - 1):
        every = quote(every, safe="")
    for hidden in (text, f"x {every}"):
        kept = redact(hidden)
        for _ in range(layers):
            kept = unquote(kept)
        assert address not in kept
        assert network in kept


@pytest.mark.parametrize(
    "text",
    [
        "", "1.2.3", "203.0.113", "256.1.1.1", "1.2.3.4567", "1203.0.113", "v1.2.3", "1.234.567.890", "203.0.113.0",
        "10:00:00", "2026-01-05T10:00:00.500Z", "00:1a:2b:3c:4d:5e", "std::vector", "a ::before b", "Foo::Bar", "::",
        '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}', "http://a.b.c.d/x", "2001:db8:1::", "1:2:3:4:5:6:7",
        ":::", "Chrome/120.0.0.0",
    ],
)  # fmt: skip
def test_what_is_no_address_stays(text: str) -> None:
    """Versions of three parts, clock times, hardware addresses, names of classes, JSON."""
    assert find_addresses(text) == []
    assert redact(text) == text


def test_a_version_of_four_parts_loses_its_last() -> None:
    """It cannot be told from an address (docs/privacy.md says so)."""
    assert redact("1.2.3.4") == "1.2.3.0"


@given(st.ip_addresses(v=4), st.sampled_from(["{}", "a {}:80", "[{}]", "{},", "x{}"]))
def test_any_ipv4_is_cut(address: IPv4Address, around: str) -> None:
    """As the event's own is."""
    assert redact(around.format(address)) == around.format(truncate(str(address)))


@given(st.ip_addresses(v=6), st.sampled_from(["{}", "a {} b", "[{}]:80", "{},", '{{"a":"{}"}}', "{}."]))
def test_any_ipv6_is_cut(address: IPv6Address, around: str) -> None:
    """In short and in full."""
    kept = around.format(truncate(str(address)))

    assert redact(around.format(address)) == kept
    assert redact(around.format(address.exploded)) == kept


@given(st.text(alphabet="0123456789abf:.%3A2E ,z", max_size=60))
def test_once_is_enough(text: str) -> None:
    """Whatever of colons, dots and digits: what is kept shows nothing more to cut."""
    once = redact(text)

    assert redact(once) == once


def test_a_long_row_of_groups_is_read_once() -> None:
    """What no one writes costs no more than its length."""
    assert redact("a:" * 100_000 + ":z") == "(ip)z"
    assert rewrite("1." * 100_000, find_addresses("1." * 100_000)) == "1.1.1.0." * 25_000
    assert find_addresses(":" * 300_000) == []
    assert redact("1:2:3:4:5:6:7:8" + ":" * 300_000) == "(ip)" + ":" * 299_998
