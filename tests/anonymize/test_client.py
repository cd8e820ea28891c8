import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.client import addresses_of, network_of, spellings_of


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("203.0.113.77", ["203.0.113.77"]),
        ("203.0.113.77, 198.51.100.99", ["203.0.113.77", "198.51.100.99"]),
        ("203.0.113.77,198.51.100.99 192.0.2.1", ["203.0.113.77", "198.51.100.99", "192.0.2.1"]),
        ("unknown, 203.0.113.77", ["203.0.113.77"]),
        ("203.0.113.77:443", ["203.0.113.77"]),
        ("[2001:db8::1]:443", ["2001:db8::1"]),
        ("[2001:db8::1]", ["2001:db8::1"]),
        ("2001:db8::1", ["2001:db8::1"]),
        ("fe80::1%eth0", ["fe80::1"]),
        ("::ffff:203.0.113.77", ["::ffff:203.0.113.77"]),
        ('For="[2001:db8::1]:_p", for=192.0.2.1', ["2001:db8::1", "192.0.2.1"]),
        ("203.0.113.777, 192.0.2.1", ["192.0.2.1"]),
        ("", []),
        ("-", []),
        ("host.example", []),
        ("9.113.0.203.isp.example", []),
        ("203.0.113", []),
        ("\ud800", []),
    ],
)
def test_the_addresses_in_a_value(value: str, addresses: list[str]) -> None:
    """Lists as X-Forwarded-For has them, ports, brackets, zones, RFC 7239's form; a host's name holds none."""
    assert list(addresses_of(value)) == addresses


@pytest.mark.parametrize(
    ("value", "network"),
    [
        ("203.0.113.77, 198.51.100.99", "203.0.113.0"),
        ("unknown, [2001:db8:1:2::1]:443", "2001:db8:1::"),
        ("::ffff:1.2.3.4", "1.2.3.0"),
        ("host.example", ""),
    ],
)
def test_the_first_is_the_client(value: str, network: str) -> None:
    """Cut to its network."""
    assert network_of(value) == network


def test_an_address_is_struck_in_all_its_spellings() -> None:
    """The whole value too; a plain one has only itself."""
    assert spellings_of("203.0.113.77") == (("203.0.113.77",), False)
    assert set(spellings_of("[2001:DB8::1]:443, ::ffff:1.2.3.4")[0]) >= {
        "2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", "1.2.3.4", "[2001:db8::1]:443, ::ffff:1.2.3.4",
    }  # fmt: skip
    assert spellings_of("Host.Example") == (("host.example",), True)
    assert spellings_of("") == spellings_of("-") == ((), False)


@given(st.text(max_size=60))
def test_no_value_makes_it_raise(value: str) -> None:
    """Longest first."""
    found, _ = spellings_of(value)

    assert list(found) == sorted(found, key=len, reverse=True)
    assert network_of(value) in ("", *map(network_of, addresses_of(value)), network_of(value.strip()))
