"""One event through all default rules: what goes in is unmasked, what comes out is safe to keep."""

from collections import Counter
from collections.abc import Callable
from operator import attrgetter
from urllib.parse import unquote

import msgspec

from streams.anonymize.ids import SESSION, USER, make_event_id, make_fingerprint, make_pseudonym
from streams.anonymize.ip import truncate
from streams.anonymize.own import SHORTEST, WORDS, strike
from streams.anonymize.rules import Rules
from streams.anonymize.text import clean
from streams.anonymize.url import cut
from streams.anonymize.visitor import make_visitor
from streams.keys import Keys
from streams.outcome import Drop
from streams.records import Event, ParsedEvent

TEXTS = (
    "platform event event_name page_title mkt_medium mkt_source mkt_term mkt_content mkt_campaign br_lang os_timezone "
    "se_category se_action se_label se_property contexts useragent"
).split()
"""Every field with free text of the input, but URLs, ids and ``properties``."""

_STRIKABLE = (*TEXTS[2:], "page_url", "page_referrer")
_texts = attrgetter(*TEXTS)
_own = attrgetter(*WORDS)
_ABSENT = "-"  # a log's word for none


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a raw record lies, and what it is: the same for all its events."""

    raw_topic: str
    raw_partition: int
    raw_offset: int
    raw_events: int
    value: bytes
    event_id: str = ""
    """The header's."""


Anonymizer = Callable[[ParsedEvent, Place, int, int, int, int], Event | Drop]


def make_anonymizer(keys: Keys, rules: Rules, removed: Counter[str]) -> Anonymizer:
    """A function of (event, its record's place, index in it, collector time, derived time, arrival time).

    The event it gives has no raw address and no raw id. ``removed`` counts by field what could not be masked and so was
    removed. No rule drops events yet.
    """
    visitor, event_id, fingerprint = make_visitor(keys), make_event_id(keys), make_fingerprint(keys)
    user, session = make_pseudonym(keys, USER), make_pseudonym(keys, SESSION)
    rules_version = rules.hash

    def anonymize(
        raw: ParsedEvent, place: Place, index: int, collector: int, derived: int, arrival: int
    ) -> Event | Drop:
        texts = _texts(raw)
        cleaned = [clean(text) if text else "" for text in texts]
        page_url, network = cut(raw.page_url)
        page_referrer = cut(raw.page_referrer)[0] if raw.page_referrer else ""
        address = truncate(raw.ip)
        properties = {clean(key): clean(value) for key, value in raw.properties.items()}
        (
            platform, name, event_name, page_title, medium, source, term, content, campaign, br_lang, os_timezone,
            se_category, se_action, se_label, se_property, contexts, useragent,
        ) = cleaned  # fmt: skip
        event = Event(
            event_id=event_id(
                raw.event_id, place.event_id, place.raw_topic, place.raw_partition, place.raw_offset, index
            ),
            app_id=clean(raw.app_id),
            visitor_id=visitor(raw, raw.app_id),
            event_fingerprint=fingerprint(place.value, index),
            collector_tstamp=collector,
            derived_tstamp=derived,
            arrival_tstamp=arrival,
            dvce_created_tstamp=raw.dvce_created_tstamp,
            dvce_sent_tstamp=raw.dvce_sent_tstamp,
            raw_topic=place.raw_topic,
            raw_partition=place.raw_partition,
            raw_offset=place.raw_offset,
            raw_index=index,
            raw_events=place.raw_events,
            raw_size=len(place.value),
            platform=platform,
            event=name,
            event_name=event_name,
            user_id=user(raw.user_id) if raw.user_id else "",
            domain_sessionid=session(raw.domain_sessionid) if raw.domain_sessionid else "",
            user_ipaddress=address,
            useragent="" if useragent == _ABSENT else useragent,
            page_url=page_url,
            page_title=page_title,
            page_referrer="" if page_referrer == _ABSENT else page_referrer,
            mkt_medium=medium,
            mkt_source=source,
            mkt_term=term,
            mkt_content=content,
            mkt_campaign=campaign,
            mkt_network=network,
            br_lang=br_lang,
            os_timezone=os_timezone,
            dvce_screenwidth=raw.dvce_screenwidth,
            dvce_screenheight=raw.dvce_screenheight,
            se_category=se_category,
            se_action=se_action,
            se_label=se_label,
            se_property=se_property,
            se_value=raw.se_value,
            contexts=contexts,
            properties=properties,
            rules_version=rules_version,
        )
        if (
            cleaned.count("") != texts.count("")
            or (not address and raw.ip)
            or (not page_url and raw.page_url)
            or (not page_referrer and raw.page_referrer)
            or "" in properties
        ):
            removed.update(_removed_fields(raw, event, cleaned))
            properties.pop("", None)
        if _repeats_own(_own(raw), "\n".join([*cleaned, page_url, page_referrer, *properties, *properties.values()])):
            strike(event, raw, _STRIKABLE)
        return event

    return anonymize


def _removed_fields(raw: ParsedEvent, event: Event, cleaned: list[str]) -> list[str]:
    fields = [name for name, text, kept in zip(TEXTS, _texts(raw), cleaned, strict=True) if text and not kept]
    pairs = (
        ("user_ipaddress", raw.ip, event.user_ipaddress),
        ("page_url", raw.page_url, event.page_url),
        ("page_referrer", raw.page_referrer, event.page_referrer),
    )
    fields += [name for name, text, kept in pairs if text not in ("", _ABSENT) and not kept]
    return fields + ["properties"] * ("" in event.properties)


def _repeats_own(values: tuple[str, ...], texts: str) -> bool:
    """Whether a raw id or address stands in a text, plainly or percent-encoded: one search per value over all texts."""
    for value in values:
        if len(value) >= SHORTEST and value in texts:
            return True
    return "%" in texts and _repeats_own(values, _decoded(texts))


def _decoded(texts: str) -> str:
    decoded = unquote(texts)
    return decoded if decoded != texts else ""
