import pytest

from streams.scan.kinds import KINDS, addresses_in_agent

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJl"
PERSONAL = {
    "email": [
        "alice@example.com", "Alice.B+tag@mail.example.co.uk", "o'hara@example.org", "a_b-c@xn--bcher-kva.example",
    ],
    "phone": ["+49 30 1234567", "+1-202-555-0143", "+442079460958", "(0)30", "(030) 1234 567", "202-555-0143"],
    "card": ["4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "2223003122003222"],
    "iban": ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "NO9386011117947", "BE68 5390 0754 7034"],
    "token": [JWT, "sk_live_" + "a1" * 12, "ghp_" + "Ab1" * 12, "AKIAIOSFODNN7EXAMPLE", "xoxb-1234567890-abcdef"],
    "ip": [
        "203.0.113.9", "10.1.2.3", "2001:db8:1:2::", "2001:db8:1:2::3",
        "2001:0db8:0001:0002:0000:0000:0000:0003", "::ffff:203.0.113.9",
    ],
}  # fmt: skip
PERSONAL["phone"].remove("(0)30")
INNOCENT = {
    "email": ["alice at example.com", "@handle", "user@localhost", "utm_source=a@", "1@2.3"],
    "phone": ["2026-05-21 10:00:00 +0000", "+1 2", "1779350400000", "12345678", "a+12345678901", "10-20-30"],
    "card": ["4111111111111112", "1779350400000", "1111111111111117", "41111111111111111111111", "0.4111111111111111"],
    "iban": ["DE89370400440532013001", "GB29", "ABCD1234567890123456"],
    "token": ["eyJ.eyJ.x", "sk_live_", "ghp_short", "AKIA123"],
    "ip": ["203.0.113.0", "2001:db8:1::", "127.0.0.1", "::1", "1.2.3", "1.2.3.4.5", "10:20:30", "999.1.1.1", "a::"],
}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in PERSONAL.items() for value in values])
def test_personal_values_are_found_wherever_they_stand(kind: str, value: str) -> None:
    """Alone, amid words, in JSON, in brackets, at the end of a sentence."""
    for text in (value, f"see {value} now", f'{{"a":"{value}"}}', f"({value})", f"It is {value}.", f"x={value}&y=1"):
        found = list(KINDS[kind](text))
        assert found, text
        assert all(each.replace(" ", "") in value.replace(" ", "") for each in found), text


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in INNOCENT.items() for value in values])
def test_what_only_looks_like_it_is_passed(kind: str, value: str) -> None:
    """Times, counts, networks, wrong check digits."""
    assert list(KINDS[kind](f"see {value} now")) == []


def test_every_kind_has_both_sides() -> None:
    """None is left untested."""
    assert set(PERSONAL) == set(INNOCENT) == set(KINDS)


def test_versions_in_an_agent_are_no_addresses() -> None:
    """But an address beside them is."""
    agent = "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/120.1.2.3 Tool/v10.0.0.7 (+http://203.0.113.9/) 198.51.100.7"

    assert list(addresses_in_agent(agent)) == ["203.0.113.9", "198.51.100.7"]
