from collections import Counter
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.anonymizer import TEXTS, Place, make_anonymizer
from streams.anonymize.rules import default_rules
from streams.keys import Keys
from streams.records import Event, ParsedEvent

PLACE = Place("raw@1", 1, 7, 2, b"the line")
RULES = default_rules()
REMOVED: Counter[str] = Counter()
anonymize = make_anonymizer(Keys(b"a secret of at least thirty-two bytes"), RULES, REMOVED)

IDS = {
    "ip": "203.0.113.77",
    "domain_userid": "duid-3c1f9a77",
    "network_userid": "nuid-5512aa01",
    "anonymous_id": "anon-77ab21ff",
    "user_id": "customer-10017",
    "domain_sessionid": "sid-9f8e7d6c5b",
}


def event_of(**fields: Any) -> Event:
    """The anonymized event of these raw fields."""
    event = anonymize(ParsedEvent(**{"event": "page_view", "app_id": "shop"} | fields), PLACE, 1, 30, 10, 20)
    assert isinstance(event, Event)
    return event


def kept_of(event: Event) -> str:
    """All that is kept of it, as text."""
    return msgspec.json.encode(msgspec.to_builtins(event)).decode()


def test_what_needs_no_mask_is_carried_over() -> None:
    """Times, coordinates, size and plain columns are the record's own."""
    event = event_of(
        page_title="Shoes", se_value=2.5, dvce_screenwidth=800, dvce_created_tstamp=1, dvce_sent_tstamp=2,
        properties={"sku": "A-1"}, br_lang="de", platform="mob",
    )  # fmt: skip

    assert (event.collector_tstamp, event.derived_tstamp, event.arrival_tstamp) == (30, 10, 20)
    assert (event.dvce_created_tstamp, event.dvce_sent_tstamp) == (1, 2)
    assert (event.raw_topic, event.raw_partition, event.raw_offset, event.raw_index) == ("raw@1", 1, 7, 1)
    assert (event.raw_events, event.raw_size, event.rules_version) == (2, 8, RULES.hash)
    assert (event.page_title, event.se_value, event.dvce_screenwidth) == ("Shoes", 2.5, 800)
    assert (event.properties, event.br_lang, event.platform) == ({"sku": "A-1"}, "de", "mob")


def test_ids_and_address_leave_masked() -> None:
    """No field holds one as it came."""
    event = event_of(**IDS)
    text = kept_of(event)

    assert event.user_ipaddress == "203.0.113.0"
    assert len(event.user_id) == len(event.domain_sessionid) == 32
    assert not [value for value in IDS.values() if value in text]


def test_a_hyphen_is_a_value_for_the_visitor_and_empty_in_the_columns() -> None:
    """Also for address and referrer; and it is not counted as removed."""
    REMOVED.clear()
    event = event_of(ip="-", useragent="-", page_referrer="-")

    assert event.visitor_id != bytes(16)
    assert (event.user_ipaddress, event.useragent, event.page_referrer) == ("", "", "")
    assert not REMOVED


@pytest.mark.parametrize("field", [*TEXTS[2:], "page_url", "page_referrer"])
def test_own_ids_are_struck_from_every_text(field: str) -> None:
    """Trackers repeat ids in URLs, titles and labels, plainly or encoded."""
    for name, value in IDS.items():
        every = "".join(f"%{byte:02X}" for byte in value.encode())
        for written in (value, quote(value + " x"), every, quote(every), quote(quote(every))):
            event = event_of(**(IDS | {field: f"/a/{written}/b"}))

            assert value not in kept_of(event), name
            assert every not in kept_of(event), name
            assert quote(every) not in kept_of(event), name


def test_own_ids_are_struck_from_properties() -> None:
    """From keys and values."""
    event = event_of(**IDS, properties={"customer-10017": "x", "who": "customer-10017!", "at": "203.0.113.77"})

    assert event.properties == {"(user)": "x", "who": "(user)!", "at": "(ip)"}


def test_short_ids_do_not_cut_words() -> None:
    """A user "7" leaves "27 shoes" alone."""
    event = event_of(user_id="7", page_title="27 shoes")

    assert event.page_title == "27 shoes"


def test_what_cannot_be_masked_is_removed_and_counted_by_field() -> None:
    """Fail closed, and seen."""
    REMOVED.clear()
    event = event_of(
        ip="host.example", page_url="http://[::1", page_referrer="http://a b/", page_title="\ud800 ann@example.com",
        properties={"\ud800 4242424242424242": "x", "ok": "y"},
    )  # fmt: skip

    assert (event.user_ipaddress, event.page_url, event.page_referrer, event.page_title) == ("", "", "", "")
    assert event.properties == {"ok": "y"}
    assert REMOVED == dict.fromkeys(["user_ipaddress", "page_url", "page_referrer", "page_title", "properties"], 1)


def test_removals_are_counted_each_time() -> None:
    """A remembered answer counts like a fresh one."""
    REMOVED.clear()
    for _ in range(3):
        event_of(ip="host.example")

    assert REMOVED == {"user_ipaddress": 3}


def test_copies_of_a_payload_have_one_fingerprint() -> None:
    """Wherever they lie."""
    raw = ParsedEvent(event="page_view", app_id="shop")
    other = anonymize(raw, Place("raw@2", 0, 99, 2, b"the line"), 1, 30, 10, 20)

    assert isinstance(other, Event)
    assert other.event_fingerprint == event_of().event_fingerprint
    assert other.event_id != event_of().event_id


CANARY = "kq7vz0canary"
SHAPES = [
    f"{CANARY}@example.com", f"{CANARY}%40example.com", f"https://h.example/x?t={CANARY}", f"https://{CANARY}:x@h.example/",
    f"?t={CANARY}", f"/x?{CANARY}#y",
]  # fmt: skip
TEXT_FIELDS = [*TEXTS, "page_url", "page_referrer", *IDS, "app_id", "event_id"]


@given(
    fields=st.dictionaries(st.sampled_from(TEXT_FIELDS), st.sampled_from(SHAPES), min_size=1),
    in_properties=st.booleans(),
)
def test_nothing_personal_is_kept_wherever_it_is_put(fields: dict[str, str], *, in_properties: bool) -> None:
    """An address, or a secret in a URL, in any field whatsoever: gone, and so are all ids."""
    properties = {shape: f"see {shape}" if "://" in shape else shape for shape in fields.values() if in_properties}
    text = kept_of(event_of(**(IDS | fields), properties=properties))

    assert CANARY not in text
    assert not [value for name, value in IDS.items() if name not in fields and value in text]


@given(st.ip_addresses(), st.emails(), st.text(min_size=6, max_size=40))
def test_generated_ids_never_come_out(ip: object, email: str, user: str) -> None:
    """Any address, any e-mail, any user id."""
    event = event_of(ip=str(ip), user_id=email, anonymous_id=user, page_title=f"Hi {email}", se_label=f"- {user} -")

    assert event.user_ipaddress != str(ip) or str(ip).endswith((".0", "::"))  # a network's own address
    assert email not in event.page_title
    assert user not in event.se_label or user in "- (visitor) -"
