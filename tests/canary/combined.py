"""Log lines with a canary in every field."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from tests.canary.encodings import ENCODINGS
from tests.canary.values import Person

_START = datetime(2026, 5, 1, tzinfo=UTC)


def lines(persons: int) -> Iterator[bytes]:
    """Lines as Apache writes them, and every tenth broken in some way."""
    for number in range(persons):
        person = Person(number)
        text = line(person)
        yield (broken(person, text) if number % 10 == 9 else text).encode()


def line(person: Person) -> str:
    """One line: client, user, request, referrer, agent, and two fields more."""
    when = (_START + timedelta(seconds=40 * person.number)).strftime("%d/%b/%Y:%H:%M:%S +0000")
    client = person.chance.choice([person.v4, person.v6, person.name])
    target = quote(person.url(client, with_host=False), safe="/?&=;#%@:")
    agent = f"Mozilla/5.0 ({person.mail}) {client}"
    text = quoted(person.chance.choice(ENCODINGS)(person.sentence(client)))
    return (
        f'{client} - {person.user} [{when}] "GET {target} HTTP/1.1" 200 512 "{quoted(person.url(client))}" "{agent}"'
        f' "{text}" "{client}" {person.name}'
    )


def quoted(text: str) -> str:
    """As Apache escapes it."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def broken(person: Person, text: str) -> str:
    """Cut short, no time, no line at all, a request that is none."""
    ways = (
        text[: len(text) // 2],
        text.replace("2026", person.name),
        person.sentence(person.mail),
        text.replace("GET ", f"{person.mail} "),
        text.replace("HTTP/1.1", person.mail),
    )
    return ways[person.number // 10 % len(ways)]
