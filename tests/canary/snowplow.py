"""Snowplow events (tp2) with a canary in every field: bodies, query strings, and what the collector makes of them."""

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from tests.canary.encodings import ENCODINGS
from tests.canary.values import Person

KINDS = ("pv", "pp", "se", "ue", "tr", "ti", "ad")
_IGLU, _SP = "iglu:{}/jsonschema/1-0-0", "com.snowplowanalytics.snowplow"
_START_MS = 1_777_600_000_000
_STRING, _I64, _LIST = 11, 10, 15


def event(person: Person) -> dict[str, str]:
    """All keys of the protocol; the kind by number."""
    number, user = person.number, person.chance.choice([person.user, person.mail])
    text = person.chance.choice(ENCODINGS)(person.sentence(user))
    url, mail = person.url(user), person.mail
    at = str(_START_MS + 40_000 * number)
    texts = "page se_ca se_ac se_la se_pr ad_ba ad_ca ad_ad tr_af tr_ci tr_st tr_co ti_sk ti_nm ti_na ti_ca sa sn st sp"
    short = "tna cs ctype tid tr_id ti_id lang tz tr_cu ti_cu cookie f_pdf"
    ids = {"eid": f"{person.name}-event", "duid": person.device, "nuid": person.device, "tnuid": person.device}
    fields = {
        "e": KINDS[number % len(KINDS)], "aid": "shop", "p": "web", "tv": mail, "dtm": at, "stm": at,
        "uid": user, "sid": person.session, "ip": person.v4, "ua": agent(person, user), "url": url, "refr": url,
        "res": "800x600", "fp": person.name, "mac": person.name, "ad_uid": person.name, person.name: person.name,
        **ids, **dict.fromkeys(texts.split(), text), **dict.fromkeys(short.split(), mail),
    }  # fmt: skip
    unstruct, contexts = self_describing(person, text, url, user), contexts_of(person, text, url)
    if number % 2:
        return fields | {"ue_pr": unstruct, "co": contexts}
    return fields | {"ue_px": packed(unstruct), "cx": packed(contexts)}


def agent(person: Person, user: str) -> str:
    """A user agent with own ids, the own address and an e-mail address."""
    return f"Mozilla/5.0 ({person.mail}; {user}; {person.device}) Firefox/128.0 {person.v4}"


def self_describing(person: Person, text: str, url: str, user: str) -> str:
    """An event of a schema of its own; every second one as GitLab's trackers send it."""
    data: dict[str, Any] = {
        "text": text, person.mail: person.card, "deep": {"er": [{"url": url, "user": user}]}, "card": int(person.card),
        "packed": packed(person.packed) if person.packed else "",
    }  # fmt: skip
    if person.number % 4 < 2:
        data = {"name": f"bought {person.mail}", "props": data, "mail": person.mail}
        return wrapped("unstruct_event", {"schema": _IGLU.format("com.gitlab/custom_event"), "data": data})
    return wrapped("unstruct_event", {"schema": _IGLU.format("com.acme/bought"), "data": data})


def contexts_of(person: Person, text: str, url: str) -> str:
    """Known contexts full of identities, and one of the shop's own."""
    name = person.name
    entities: dict[str, dict[str, Any]] = {
        f"{_SP}/client_session": {
            "userId": person.device, "sessionId": person.session, "previousSessionId": name, "firstEventId": name,
            "sessionIndex": 3,
        },
        f"{_SP}/browser_context": {"tabId": name, "browserLanguage": person.mail, "resolution": "800x600"},
        f"{_SP}/mobile_context": {
            "appleIdfa": name, "appleIdfv": name, "androidIdfa": name, "openIdfa": name, "carrier": person.mail,
            "deviceModel": person.mail, "osType": "ios", "osVersion": "1.2.3",
        },
        f"{_SP}/geolocation_context": {"latitude": 48.1, "longitude": 9.1, "label": name},
        "org.ietf/http_cookie": {"name": name, "value": name},
        "com.acme/basket": {"text": text, "deep": {"er": [url, {person.mail: [person.card]}]}, "card": person.card},
    }  # fmt: skip
    return wrapped("contexts", [{"schema": _IGLU.format(schema), "data": data} for schema, data in entities.items()])


def wrapped(kind: str, data: object) -> str:
    """In the schema of the protocol's own."""
    return json.dumps({"schema": _IGLU.format(f"{_SP}/{kind}"), "data": data})


def packed(text: str) -> str:
    """Base64 for URLs, without padding, as trackers write it."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def body(persons: list[Person]) -> bytes:
    """A POST body of several events."""
    schema = f"iglu:{_SP}/payload_data/jsonschema/1-0-4"
    return json.dumps({"schema": schema, "data": [event(person) for person in persons]}).encode()


def query(person: Person) -> str:
    """A GET request's query string."""
    return urlencode(event(person), quote_via=quote)


def thrift(person: Person) -> bytes:
    """The collector's payload: the event as its body or its query, the rest of it full of canaries, too."""
    is_post, user = person.number % 2 == 0, person.user
    texts = {
        20: person.mail, 30: "UTF-8", 40: person.name, 60: person.v4, 70: agent(person, user), 80: person.url(user),
        100: person.device, 110: f"/{_SP}/tp2" if is_post else "/i", 120: "application/json",
        31337: "iglu:com.snowplowanalytics.snowplow/CollectorPayload/thrift/1-0-0",
    }  # fmt: skip
    if is_post:
        texts[130] = body([person]).decode()
    else:
        texts[10] = query(person)
    cookies = [f"Cookie: sp={person.name}", f"X-Forwarded-For: {person.v4}", f"Referer: {person.url(user)}"]
    cookies.append(f'sec-ch-ua-model: "{person.mail}"')
    return b"".join([*fields(texts), *_http_headers(cookies), _time(person), b"\0"])


def fields(texts: dict[int, str]) -> Iterator[bytes]:
    """Thrift's binary form of text fields. Source: thrift-binary-protocol.md."""
    for number, text in texts.items():
        yield struct.pack(">bhi", _STRING, number, len(text.encode())) + text.encode()


def _http_headers(lines: list[str]) -> Iterator[bytes]:
    yield struct.pack(">bhbi", _LIST, 90, _STRING, len(lines))
    for line in lines:
        yield struct.pack(">i", len(line.encode())) + line.encode()


def _time(person: Person) -> bytes:
    return struct.pack(">bhq", _I64, 50, _START_MS + 40_000 * person.number)
