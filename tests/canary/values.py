"""Canaries: values that stand for a person's, made so that any of them is known wherever it turns up."""

import random
import re
from collections.abc import Iterator
from functools import cache

from streams.scan.canaries import make_canary_finder
from streams.scan.kinds import Finder

MARK = "knry"
"""Stands in every canary that has letters. No word and no base64 of ours holds it."""
_CARD = re.compile(r"4[ ._+-]?9[ ._+-]?2[ ._+-]?9[ ._+-]?7[ ._+-]?7(?:[ ._+-]?\d){10}")
_V4 = re.compile(r"(?<!\d)198\.1[89]\.\d{1,3}\.(?!0(?!\d))\d{1,3}")
_V6 = re.compile(r"2001:0?db8:(?:cafe|CAFE):[0-9a-fA-F:]*[1-9a-fA-F]")
HASHED = 200
"""Persons whose values are looked for as unkeyed hashes, too."""


class Person:
    """The values of person ``number``, and a chance of their own."""

    def __init__(self, number: int, *, free: bool = False, packed: str = "") -> None:
        """``free``: with names in free text, which only strict rules promise to take; ``packed``: what
        stands in base64, names of values in braces."""
        self.number = number
        self.chance = random.Random(number)
        self.name = f"{MARK}{_letters(number + 26**3)}"
        self.mail = f"{self.name}.{number}@mail.example"
        self.card = _card(number)
        self.v4 = f"198.{18 + number % 2}.{number // 2 % 256}.{1 + number // 512 % 254}"
        self.v6 = f"2001:db8:cafe:{1 + number % 60000:x}::{1 + number % 997:x}"
        self.user = f"{self.name}-user-{number}"
        self.device = f"{self.name}-device-{number}"
        self.session = f"{self.name}-session-{number}"
        self.free = f"{self.name}land" if free else ""
        self.packed = packed.format(**vars(self))
        self.template = packed

    def sentence(self, user: str) -> str:
        """All that the defaults promise to take from a text of an event with this id."""
        gap = self.chance.choice(["", " ", "-"])
        card = gap.join(self.card[at : at + 4] for at in range(0, 16, 4))
        mail = self.chance.choice([self.mail, self.mail.upper(), self.mail.title()])
        user = self.chance.choice([user, user.upper()])
        address = self.chance.choice([self.v4, self.v6, self.v6.upper()])
        return f"Dear {mail}, card {card} came from {address}; you are {user}. {self.free}"

    def url(self, user: str, *, with_host: bool = True) -> str:
        """A URL with a canary wherever the defaults promise that none stays."""
        name = self.name
        path = f"/shop/{self.mail}/{self.v4}/{user};jsessionid={name}/{self.free}"
        query = f"q={name}&{name}={name}&utm_source={self.mail}&utm_term={self.card}&gclid={name}&utm_content={self.v4}"
        host = f"https://{name}:{name}@shop.example" if with_host else ""
        return f"{host}{path}?{query}#{name}"


def _letters(number: int) -> str:
    text = ""
    while True:
        number, rest = divmod(number, 26)
        text += chr(ord("a") + rest)
        if not number:
            return text


@cache
def _card(number: int) -> str:
    """A Visa number of an issuer that is not one, with its check digit. Source: ISO/IEC 7812-1 annex B."""
    body = f"492977{number % 10**9:09}"
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def make_finder(persons: int) -> Finder:
    """Finds any canary, whole or in part, in any case, and unkeyed hashes of the first persons' values."""
    first = [Person(number) for number in range(min(persons, HASHED))]
    hashed = make_canary_finder([value for one in first for value in (one.mail, one.card, one.v4, one.device)])

    def find(text: str) -> Iterator[str]:
        small = text.lower()
        if MARK in small:
            yield MARK
        for pattern in (_CARD, _V4, _V6):
            yield from (match[0] for match in pattern.finditer(text))
        yield from hashed(text)

    return find
