"""Format ``segment``: messages of the Segment spec as JSON, one or a batch.

Source: Segment spec (segment.com/docs/connections/spec): Common Fields, Page, Screen, Track, Identify, Group, Alias;
HTTP API (segment.com/docs/connections/sources/catalog/libraries/server/http-api), Batch.
"""

import msgspec

from streams.outcome import Dead, Reason
from streams.parse.json_guard import BODY_DEPTH, decoded, decoded_apart, is_too_deep, unfit
from streams.parse.options import ParseOptions
from streams.parse.result import MAX_BYTES, Empty, Headers, Parsed, Parser
from streams.parse.segment_columns import read_message
from streams.parse.segment_message import Context, Message
from streams.records import ParsedEvent

_decode = msgspec.json.Decoder(Message).decode


def make_segment(options: ParseOptions = ParseOptions()) -> Parser:  # noqa: B008 - a frozen struct
    """A parser of Segment messages: page, screen, track, identify, group, alias; other types are dead (event_unknown).

    * A batch is its messages; its sentAt, receivedAt and context count for those without their own. Each message is
      good or dead by itself.
    * A message without ``type`` has that of the request's path (``/v1/track``).
    * Names: page → ``page_view``, screen → ``screen_view`` (event_name: the screen's name where given), track →
      ``track`` (event_name: the message's ``event``), the others as they are called. **Traits are never read.**
    * Times: ``receivedAt`` is the collector's. With ``sentAt``: created is ``originalTimestamp``, else ``timestamp``;
      sent is ``sentAt``. Without: ``timestamp`` is the true time (a server's own word), created is
      ``originalTimestamp``.
      Source: Segment spec, Common Fields, "Timestamps": timestamp = receivedAt - (sentAt - originalTimestamp).
    * ``properties`` of a page: url, title, referrer become columns (before context.page's), path and search are parts
      of the url; none of the five stays among the properties. name and category of page and screen join them, and
      group_id of a group call. An alias belongs to the visitor ``previousId``.
    * ip and useragent: the context's, else the headers'. Screen sizes are cut to whole pixels, 0 … 65535.
      app, device, library, network and os of the context are JSON in ``contexts``, less what names one device.
    * Ids may be numbers. A missing type, or no id at all: dead (field_missing); a wrong type: field_type; too long, too
      many or too deep: too_large; a NUL, bad UTF-8, half a surrogate pair: encoding.

    A body is at most 500 kB, as Segment's own HTTP API has it.
    """
    max_bytes = min(options.record_bytes, MAX_BYTES)

    def parse(value: bytes, headers: Headers) -> Parsed:
        if len(value) > max_bytes:
            return Dead(Reason.TOO_LARGE, f"{len(value)} bytes")
        flaw = unfit(value)
        if flaw is not None and (b'"batch"' not in value or is_too_deep(value, BODY_DEPTH)):
            return flaw
        if not value.strip():
            return Empty(Reason.BLANK)
        message, flaw = decoded_apart(_decode, value, flaw)
        if isinstance(message, Dead):
            return flaw or message
        if message.batch is None:
            event = flaw or read_message(message, headers, len(value))
            return event if isinstance(event, Dead) else [event]
        if len(message.batch) > options.record_events:
            return Dead(Reason.TOO_LARGE, f"{len(message.batch)} messages")
        return [_one_of(message, bytes(raw), headers, flaw) for raw in message.batch]

    return parse


def _one_of(batch: Message, value: bytes, headers: Headers, flaw: Dead | None) -> ParsedEvent | Dead:
    """One message of a batch; ``flaw``: one of them is unfit, perhaps this one."""
    dead = unfit(value) if flaw is not None else None
    if dead is not None:
        return dead
    message = decoded(_decode, value)
    if isinstance(message, Dead):
        return message
    if message.batch is not None:
        return Dead(Reason.FIELD_TYPE, "a batch within a batch")
    message.sent_at = message.sent_at or batch.sent_at
    message.received_at = message.received_at or batch.received_at
    message.context = _joined(message.context, batch.context)
    return read_message(message, headers, len(value))


def _joined(own: Context | None, common: Context | None) -> Context | None:
    if own is None or common is None:
        return own or common
    for name in Context.__struct_fields__:
        if not getattr(own, name):
            setattr(own, name, getattr(common, name))
    return own
