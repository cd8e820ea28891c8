"""One event through all default rules: what goes in is unmasked, what comes out is safe to keep."""

from collections import Counter
from collections.abc import Callable
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from streams.anonymize.client import network_of
from streams.anonymize.ids import SESSION, USER, make_event_id, make_fingerprint, make_pseudonym
from streams.anonymize.own import repeats_own, strike
from streams.anonymize.rules import Rules
from streams.anonymize.text import clean, clean_agent, clean_hints, clean_json
from streams.anonymize.url import cut
from streams.anonymize.visitor import make_visitor
from streams.keys import Keys
from streams.outcome import Drop
from streams.records import NO_ID, Event, ParsedEvent

TEXTS = (
    "platform event event_name page_title mkt_medium mkt_source mkt_term mkt_content mkt_campaign br_lang os_timezone "
    "se_category se_action se_label se_property contexts ua_hints useragent"
).split()
"""Every field with free text of the input, but URLs, ids and ``properties``; the last three are read otherwise."""

_STRIKABLE = (*TEXTS[2:], "page_url", "page_referrer")
_texts = attrgetter(*TEXTS)
_ABSENT = "-"  # a log's word for none
_BLANK = Event(
    event_id=NO_ID,
    app_id="",
    event_fingerprint=0,
    collector_tstamp=0,
    derived_tstamp=0,
    arrival_tstamp=0,
    raw_topic="",
    raw_partition=0,
    raw_offset=0,
    event="",
)
"""A copy of it filled in place costs half of what fifty keyword arguments do."""


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
        cleaned = [clean(text) if text else "" for text in texts[:-3]]
        cleaned.append(clean_json(raw.contexts) if raw.contexts else "")
        cleaned.append(clean_hints(raw.ua_hints) if raw.ua_hints else "")
        cleaned.append(clean_agent(raw.useragent) if raw.useragent else "")
        page_url, network = cut(raw.page_url)
        page_referrer = cut(raw.page_referrer)[0] if raw.page_referrer else ""
        address = network_of(raw.ip)
        properties = {clean(key): clean(value) for key, value in raw.properties.items()}
        event = replace(_BLANK)
        # who and which
        event.event_id = event_id(
            raw.event_id, place.event_id, place.raw_topic, place.raw_partition, place.raw_offset, index
        )
        event.app_id = clean(raw.app_id)
        event.visitor_id = visitor(raw, raw.app_id)
        event.event_fingerprint = fingerprint(place.value, index)
        if raw.user_id:
            event.user_id = user(raw.user_id)
        if raw.domain_sessionid:
            event.domain_sessionid = session(raw.domain_sessionid)
        event.user_ipaddress = address
        # when
        event.collector_tstamp, event.derived_tstamp, event.arrival_tstamp = collector, derived, arrival
        event.dvce_created_tstamp, event.dvce_sent_tstamp = raw.dvce_created_tstamp, raw.dvce_sent_tstamp
        # where in the log
        event.raw_topic, event.raw_partition, event.raw_offset = place.raw_topic, place.raw_partition, place.raw_offset
        event.raw_index, event.raw_events, event.raw_size = index, place.raw_events, len(place.value)
        # what
        (
            event.platform, event.event, event.event_name, event.page_title, event.mkt_medium, event.mkt_source,
            event.mkt_term, event.mkt_content, event.mkt_campaign, event.br_lang, event.os_timezone, event.se_category,
            event.se_action, event.se_label, event.se_property, event.contexts, event.ua_hints, event.useragent,
        ) = cleaned  # fmt: skip
        if event.useragent == _ABSENT:
            event.useragent = ""
        event.page_url, event.mkt_network = page_url, network
        event.page_referrer = "" if page_referrer == _ABSENT else page_referrer
        event.dvce_screenwidth, event.dvce_screenheight = raw.dvce_screenwidth, raw.dvce_screenheight
        event.se_value, event.webdriver = raw.se_value, raw.webdriver
        event.properties, event.bot_indicators = properties, []
        event.rules_version = rules_version
        if (
            cleaned.count("") != texts.count("")
            or (not address and raw.ip)
            or (not page_url and raw.page_url)
            or (not page_referrer and raw.page_referrer)
            or "" in properties
        ):
            removed.update(_removed_fields(raw, event, cleaned))
            properties.pop("", None)
        searched = [*cleaned, page_url, page_referrer, *properties, *properties.values()]
        if "\\" in event.contexts:  # an id with a quote in it stands there escaped
            searched.append(event.contexts.replace('\\"', '"').replace("\\\\", "\\"))
        if repeats_own(raw, "\n".join(searched)):
            removed.update(strike(event, raw, _STRIKABLE))
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
