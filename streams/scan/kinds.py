"""What personal values look like. Written apart from the anonymize stage: a proof must not share its blind spots."""

import re
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

Finder = Callable[[str], Iterator[str]]
"""The values of one kind in a text, as they stand there."""

_EMAIL = re.compile(r"[\w.+'-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}", re.ASCII)
_PHONE = re.compile(
    r"(?<![\w+.-])\+[1-9](?:[ ().-]{0,2}\d){7,14}(?!\d)"  # international; Source: ITU-T E.164 §6 (at most 15 digits)
    r"|(?<![\w.-])\(0?\d{2,5}\)[ -]?\d{3,4}[ -]?\d{3,4}(?!\d)"
    r"|(?<![\w.-])\d{3}-\d{3}-\d{4}(?![\w-])"
)
_CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.]*\d)")
_CARD_SHAPE = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[068]\d{12}|35\d{14}|6(?:011|[245]\d\d)\d{12}"
)
"""Lengths and first digits. Source: ISO/IEC 7812-1; en.wikipedia.org/wiki/Payment_card_number."""
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_JWT = re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*", re.ASCII)
"""A JSON object's first bytes in base64url, twice. Source: RFC 7519 §3."""
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:[spr]k_(?:live|test)_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}"
    r"|glpat-[\w-]{20,}|AKIA[0-9A-Z]{16}|AIza[\w-]{35}|xox[abeprs]-[\w-]{10,})"
)
"""Beginnings that makers of tokens chose so that they can be found: Stripe, GitHub, GitLab, AWS, Google, Slack."""
_V4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d]|\.\d)")
_V6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?![\w:])")
_VERSION = re.compile(r"[A-Za-z)]/v?$")
_KEPT_V6 = 48


def emails(text: str) -> Iterator[str]:
    """Addresses of e-mail."""
    return (match[0] for match in _EMAIL.finditer(text)) if "@" in text else iter(())


def phones(text: str) -> Iterator[str]:
    """Telephone numbers written as such: with ``+``, with an area code in brackets, or in groups."""
    return (match[0] for match in _PHONE.finditer(text))


def cards(text: str) -> Iterator[str]:
    """Payment cards: an issuer's range and length, and the check digit."""
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _CARD_SHAPE.fullmatch(digits) and _luhn(digits) % 10 == 0:
            yield match[0]


def ibans(text: str) -> Iterator[str]:
    """Bank accounts whose check digits are right. Source: ISO 13616-1 (MOD 97-10)."""
    for match in _IBAN.finditer(text):
        words = match[0].split(" ")
        for count in range(len(words), 0, -1):
            account = "".join(words[:count])
            if 15 <= len(account) <= 34 and _mod_97(account) == 1:
                yield account
                break


def secrets(text: str) -> Iterator[str]:
    """JWTs and tokens of well-known makers."""
    for pattern in (_JWT, _TOKEN):
        yield from (match[0] for match in pattern.finditer(text))


def addresses(text: str) -> Iterator[str]:
    """Network addresses that are more than their network (/24, /48); none of this host's own (loopback)."""
    for match in _V4.finditer(text):
        if _is_whole(match[0]):
            yield match[0]
    if text.count(":") > 1:
        for match in _V6.finditer(text):
            if _is_whole(address := match[0].rstrip(".")):
                yield address


def addresses_in_agent(text: str) -> Iterator[str]:
    """The same in a user agent, where four numbers behind ``Name/`` are a version."""
    for match in _V4.finditer(text):
        if _is_whole(match[0]) and not _VERSION.search(text[: match.start()]):
            yield match[0]


KINDS: dict[str, Finder] = {
    "email": emails,
    "phone": phones,
    "card": cards,
    "iban": ibans,
    "token": secrets,
    "ip": addresses,
}
"""Name → finder."""


def _is_whole(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if address.is_loopback:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    rest = 8 if isinstance(address, IPv4Address) else 128 - _KEPT_V6
    return int(address) & ((1 << rest) - 1) != 0


def _luhn(digits: str) -> int:
    """Source: ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total


def _mod_97(account: str) -> int:
    return int("".join(str(int(sign, 36)) for sign in account[4:] + account[:4])) % 97
