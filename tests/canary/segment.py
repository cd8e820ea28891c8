"""Segment messages with a canary in every field."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from tests.canary.encodings import ENCODINGS
from tests.canary.values import MARK, Person

TYPES = ("page", "screen", "track", "identify")


def lines(persons: int) -> Iterator[bytes]:
    """Messages of all types, and every tenth broken in some way."""
    for number in range(persons):
        person = Person(number)
        text = json.dumps(message(person), ensure_ascii=number % 3 == 0)
        yield broken(person, text.encode()) if number % 10 == 9 else text.encode()


def message(person: Person) -> dict[str, Any]:
    """One message; the kind by number."""
    number = person.number
    user = person.chance.choice([person.user, person.mail])
    text = person.chance.choice(ENCODINGS)(person.sentence(user))
    url, address = person.url(user), person.chance.choice([person.v4, person.v6, person.name, f"{person.v4}, 10.0.0.1"])
    at = f"2026-05-{1 + number % 28:02}T{number % 24:02}:{number % 60:02}:00.000Z"
    page = {"url": url, "title": text, "referrer": url, "path": f"/{person.mail}", "search": f"?q={person.name}"}
    properties: dict[str, Any] = {
        "text": text,
        f"{person.mail} {person.card}": "as a key",
        "nested": {"deep": {"er": [text, {"mail": person.mail}]}},
        "url": url,
        "list": [person.mail, person.card],
        "number": 7,
        "packed": base64.b64encode(person.packed.encode()).decode() if person.packed else "",
    }
    return {
        "type": TYPES[number % len(TYPES)],
        "messageId": person.chance.choice([f"{person.name}-message", person.mail]),
        "anonymousId": person.device,
        "userId": user,
        "event": f"Bought {person.mail}",
        "name": text,
        "category": text,
        "channel": person.chance.choice(["browser", "mobile", text]),
        "timestamp": at,
        "sentAt": at,
        "receivedAt": at,
        "traits": {"email": person.mail, "name": person.name},
        "integrations": {person.name: person.name},
        "context": {
            "ip": address,
            "userAgent": f"Mozilla/5.0 ({person.mail}; {user}) Firefox/128.0 {address.split(',')[0]}",
            "locale": person.mail,
            "timezone": f"Europe/{person.mail}",
            "page": page,
            "campaign": dict.fromkeys(("name", "source", "medium", "term", "content"), text),
            "screen": {"width": 800, "height": 600},
            "app": {"name": "shop"},
            "traits": {"email": person.mail},
            "library": {"name": person.mail},
        },
        "properties": {**properties, **page} if number % len(TYPES) == 0 else properties,
    }


def broken(person: Person, text: bytes) -> bytes:
    """Cut short, of wrong types, not UTF-8, not JSON, of an unknown kind, without ids, in an unreadable time."""
    whole = message(person)
    ways = (
        text[: len(text) // 2],
        json.dumps({**whole, "context": person.mail}).encode(),
        text.replace(MARK.encode(), b"\xff" + MARK.encode(), 1),
        f"{person.sentence(person.user)} {person.url(person.user)}".encode(),
        json.dumps({**whole, "type": person.mail}).encode(),
        json.dumps({**whole, "anonymousId": None, "userId": None}).encode(),
        json.dumps({**whole, "timestamp": person.mail, "sentAt": person.mail, "receivedAt": person.mail}).encode(),
        json.dumps({**whole, "properties": {person.mail: [[[[[person.mail]]]]] * 3, "x": person.name * 3000}}).encode(),
    )
    return ways[person.number // 10 % len(ways)]
