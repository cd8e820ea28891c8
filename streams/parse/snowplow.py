"""Format ``snowplow``: tracker protocol tp2, as a POST body or a GET query string.

Source: docs.snowplow.io, tracker protocol; iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4.
"""

import msgspec

from streams.outcome import Dead, Reason
from streams.parse.json_guard import BODY_DEPTH, decoded, decoded_apart, invalid, is_too_deep, unfit
from streams.parse.options import ParseOptions
from streams.parse.query_string import query_of, read_query
from streams.parse.result import Empty, Headers, Parsed, Parser
from streams.parse.sender import Sender
from streams.parse.snowplow_columns import read_columns
from streams.parse.snowplow_event import KEYS, Tp2
from streams.records import ParsedEvent

_PLAIN_BRACES = 1_000
"""So many empty events would take a megabyte; more are told apart undecoded."""
PAYLOAD = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-"


class _Events(msgspec.Struct, gc=False):
    """A body whose events are all good."""

    schema: str
    data: list[Tp2]


class _Body(msgspec.Struct, gc=False):
    schema: str | None = None
    data: list[msgspec.Raw] | None = None
    e: msgspec.Raw = msgspec.Raw()
    """There: the body is one event by itself."""


_events = msgspec.json.Decoder(_Events).decode
_body = msgspec.json.Decoder(_Body).decode
_event = msgspec.json.Decoder(Tp2).decode


def make_snowplow(options: ParseOptions = ParseOptions()) -> Parser:  # noqa: B008 - a frozen struct
    """A parser of tp2 bodies and query strings; one event of a body's ``data`` by itself is read too.

    * The query of header ``path`` (what the tracker asked the collector for) goes before the same keys of the body.
    * ``ip`` and ``ua`` of the event go before the headers' ip and user_agent; ``tnuid`` before ``nuid``. Ids that
      stand for nobody are none.
    * Keys with a column of ours fill it, the others become ``properties`` under Snowplow's column names; keys that no
      schema has are passed over; ``fp``, ``mac`` and ``ad_uid`` are not read.
    * A self-describing event's data become properties, its schema's name ``event_name``; contexts stay JSON in
      ``contexts``, less the identities in them.
    * Each event of a body is good or dead by itself. Dead as a whole: no JSON, another schema, too large, too deep.
    """

    def parse(value: bytes, headers: Headers) -> Parsed:
        sender = Sender(headers.get("app_id", ""), headers.get("ip", ""), headers.get("user_agent", ""))
        path = headers.get("path", "")
        return read_payload(value, query_of(path) if "?" in path else "", sender, options)

    return parse


def read_payload(value: bytes, query: str, sender: Sender, options: ParseOptions) -> Parsed:
    """The events of a body with the query that came beside it; one of the two may be empty."""
    if len(value) > options.record_bytes:
        return Dead(Reason.TOO_LARGE, f"{len(value)} bytes")
    body = value.strip()
    if not body:
        return _one_of_query(query, sender, options) if query else Empty(Reason.BLANK)
    if body[0] not in b"{[":
        return _query_body(body, query, sender, options)
    override = _fields(query) if query else {}
    return override if isinstance(override, Dead) else _json_body(body, override, sender, options)


def _query_body(body: bytes, query: str, sender: Sender, options: ParseOptions) -> Parsed:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return Dead(Reason.ENCODING, f"byte {error.start} is not UTF-8")
    if text[0] in "/?":
        text = query_of(text)
    if "=" not in text:
        return Dead(Reason.SYNTAX, "neither JSON nor a query string")
    return _one_of_query(f"{text}&{query}" if query else text, sender, options)


def _one_of_query(query: str, sender: Sender, options: ParseOptions) -> Parsed:
    fields = _fields(query)
    event = fields if isinstance(fields, Dead) else read_columns(Tp2(**fields), sender, options.check)
    return event if isinstance(event, Dead) else [event]


def _fields(query: str) -> dict[str, str] | Dead:
    """The known fields of a query string, none of them too long."""
    try:
        fields = read_query(query, KEYS)
        msgspec.convert(fields, Tp2)
    except msgspec.ValidationError as error:
        return invalid(str(error))
    except ValueError as error:
        return Dead(Reason.ENCODING if isinstance(error, UnicodeDecodeError) else Reason.TOO_LARGE, f"query: {error}")
    has_nul = "\0" in query or ("%00" in query and any("\0" in text for text in fields.values()))
    return Dead(Reason.ENCODING, "NUL") if has_nul else fields


def _json_body(body: bytes, override: dict[str, str], sender: Sender, options: ParseOptions) -> Parsed:
    flaw = unfit(body)
    if flaw is not None and is_too_deep(body, BODY_DEPTH):
        return flaw
    if flaw is None and body.count(b"{") <= _PLAIN_BRACES:
        good = _all_good(body)
        if good is not None and len(good) <= options.record_events:
            return [_with(override, raw, sender, options) for raw in good]
    found, flaw = decoded_apart(_body, body, flaw)
    if isinstance(found, Dead):
        return found
    if found.data is None:
        event = _one(body, override, sender, options, flaw) if found.e else Dead(Reason.FIELD_MISSING, "data")
        return event if isinstance(event, Dead) else [event]
    if not (found.schema or "").startswith(PAYLOAD):
        return Dead(Reason.EVENT_UNKNOWN if found.schema else Reason.FIELD_MISSING, f"schema {found.schema}"[:200])
    if len(found.data) > options.record_events:
        return Dead(Reason.TOO_LARGE, f"{len(found.data)} events")
    return [_one(bytes(raw), override, sender, options, flaw) for raw in found.data]


def _one(
    body: bytes, override: dict[str, str], sender: Sender, options: ParseOptions, flaw: Dead | None
) -> ParsedEvent | Dead:
    """``flaw``: one of the body's events is unfit, perhaps this one."""
    dead = unfit(body) if flaw is not None else None
    if dead is not None:
        return dead
    raw = decoded(_event, body)
    if isinstance(raw, Dead):
        return raw
    return _with(override, raw, sender, options)


def _with(override: dict[str, str], raw: Tp2, sender: Sender, options: ParseOptions) -> ParsedEvent | Dead:
    for key, value in override.items():
        setattr(raw, key, value)
    return read_columns(raw, sender, options.check)


def _all_good(body: bytes) -> list[Tp2] | None:
    """The events of a body in one pass, which most allow; None where each must be looked at by itself."""
    try:
        found = _events(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found.data if found.schema.startswith(PAYLOAD) else None
