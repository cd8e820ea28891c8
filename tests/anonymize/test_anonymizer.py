from collections import Counter
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.anonymizer import Place, make_anonymizer
from streams.anonymize.fields import BEFORE, Kind
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.rules import default_rules
from streams.keys import Keys
from streams.records import Event, ParsedEvent

PLACE = Place("raw@1", 1, 7, 2, b"the line")
RULES = default_rules()
REMOVED: Counter[str] = Counter()
SECRET = b"a secret of at least thirty-two bytes"
anonymize = make_anonymizer(Keys(SECRET), SecretKeyring(SECRET), RULES, REMOVED)
TEXTS = [
    "platform",
    "event",
    *(name for name, kind in BEFORE.items() if kind is Kind.TEXT and name not in ("app_id", "platform", "event")),
    "contexts",
    "useragent",
]

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
        properties={"sku": "A-1"}, br_lang="de", platform="mob", webdriver=True,
    )  # fmt: skip

    assert (event.collector_tstamp, event.derived_tstamp, event.arrival_tstamp) == (30, 10, 20)
    assert (event.dvce_created_tstamp, event.dvce_sent_tstamp) == (1, 2)
    assert (event.raw_topic, event.raw_partition, event.raw_offset, event.raw_index) == ("raw@1", 1, 7, 1)
    assert (event.raw_events, event.raw_size, event.rules_version) == (2, 8, RULES.hash)
    assert (event.page_title, event.se_value, event.dvce_screenwidth) == ("Shoes", 2.5, 800)
    assert event.webdriver is True
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

    assert event.properties == {"(user)": "x", "who": "(user)!", "at": "203.0.113.0"}


@pytest.mark.parametrize("field", ["domain_userid", "network_userid", "anonymous_id", "user_id", "domain_sessionid"])
def test_an_event_id_that_is_someones_is_hashed(field: str) -> None:
    """Trackers without ids of their own for events send what they have; no column may hold it."""
    own = "1B4E28BA-2fa1-41d2-883f-0016d3cca427"
    event = event_of(**{"event_id": own.lower(), field: f"u-{own}"})

    assert own.replace("-", "").lower() not in kept_of(event)
    assert event.event_id.hex() != own.replace("-", "").lower()
    assert event.event_id == event_of(**{"event_id": own.lower(), field: f"u-{own}"}).event_id
    assert event_of(event_id=own, user_id="another").event_id.hex() == own.replace("-", "").lower()


def test_own_ids_with_spaces_are_struck_where_a_query_has_pluses() -> None:
    """Enrichment reads a plus as a space, and would make the id whole again in a campaign column."""
    event = event_of(user_id="Ann Lee 7", page_url="https://a.example/?utm_content=ann+lee+7", se_label="of Ann+Lee+7")

    assert (event.page_url, event.se_label) == ("https://a.example/?utm_content=(user)", "of (user)")


def test_own_ids_under_endless_encoding_are_removed() -> None:
    """A text is decoded a few times only, whatever it holds."""
    endless = "%" + "25" * 1_000_000
    event = event_of(user_id="customer-10017", page_title=endless, contexts=f'["{endless}"]')

    assert (event.page_title, event.contexts) == ("", "[null]")


def test_own_ids_are_struck_in_any_case_of_letters() -> None:
    """Also of other scripts, and encoded; what stands around keeps its case."""
    event = event_of(
        anonymous_id="Ab1b2C3d4", user_id="ΑΝΝΑΣ-ß-İ10", page_title="See AB1B2C3D4 Now", page_url="/P/ab1b2c3d4/X",
        se_label="ανναΣ-ß-İ10", properties={"a%62%31b2c3d4": "Б %41B1B2C3D4"},
    )  # fmt: skip

    assert (event.page_title, event.page_url) == ("See (visitor) Now", "/P/(visitor)/X")
    assert event.se_label == "(user)"
    assert event.properties == {"(visitor)": "Б (visitor)"}


def test_ids_within_ids_and_many_addresses_all_go() -> None:
    """The longest first; a list of proxies as long as a text may be is struck like one."""
    every = [f"198.51.{number // 256}.{number % 256}" for number in range(500)]
    event = event_of(
        ip=", ".join(every), user_id="customer-1", anonymous_id="customer-10017", useragent="; ".join(every),
        page_title="customer-10017 and Customer-1",
    )  # fmt: skip

    assert event.page_title == "(visitor) and (user)"
    assert event.useragent.split("; ") == ["(ip)"] * 500


def test_an_id_that_is_one_of_our_words_ends() -> None:
    """It says nothing, and is not looked for."""
    event = event_of(anonymous_id="visitor", user_id="(user)", page_title="a visitor (user)")

    assert event.page_title == "a visitor (user)"


def test_a_hidden_id_does_not_make_the_text_longer() -> None:
    """Only the id is rewritten: letters beside it are not encoded anew."""
    text = "é" * 8000 + " %61n-000002%20€"
    event = event_of(anonymous_id="an-000002", page_title=text, properties={"k": text})

    assert event.page_title == event.properties["k"] == "é" * 8000 + " (visitor)%20€"


FORWARDED = "203.0.113.77, 198.51.100.99"


@pytest.mark.parametrize(
    ("ip", "network", "own"),
    [
        (FORWARDED, "203.0.113.0", ["203.0.113.77", "198.51.100.99"]),
        ("203.0.113.77:443", "203.0.113.0", ["203.0.113.77"]),
        ("[2001:db8:1:2::1]:443", "2001:db8:1::", ["[2001:db8:1:2::1]", "[2001:DB8:1:2::1]", "[2001:db8:1:2:0:0:0:1]"]),
        ("::ffff:203.0.113.77", "203.0.113.0", ["203.0.113.77", "[::ffff:203.0.113.77]"]),
        ("2001:db8:1:2::1", "2001:db8:1::", ["[2001:0db8:0001:0002:0000:0000:0000:0001]"]),
    ],
)
def test_each_of_the_own_addresses_is_struck_from_hosts_and_agent(ip: str, network: str, own: list[str]) -> None:
    """Lists, ports, brackets and IPv4-mapped ones; the first is the event's."""
    for address in own:
        event = event_of(
            ip=ip, useragent=f"Probe/1.2.3.4 ({address})", page_url=f"https://{address}/p/{address}",
            page_referrer=f"http://{address}:8080/b",
        )  # fmt: skip

        assert event.user_ipaddress == network
        assert address.strip("[]") not in kept_of(event)
        assert event.useragent.startswith("Probe/1.2.3.4 (")
        assert "(ip)" in event.useragent
        assert event.page_referrer.endswith(":8080/b")


def test_the_visitor_is_known_by_the_address_as_it_was_given() -> None:
    """A port or a proxy makes another one, as ever: ids do not change with how we read addresses."""
    given = [event_of(ip=ip, useragent="x").visitor_id for ip in (FORWARDED, "203.0.113.77", "203.0.113.77:443")]

    assert len(set(given)) == 3


OTHER = ["192.0.2.55", "2001:db8:7:8::9", "::ffff:192.0.2.55", "192.0.2.55, 2001:db8:7:8::9"]


@pytest.mark.parametrize("field", [name for name in TEXTS if name != "useragent"])
@pytest.mark.parametrize("address", OTHER)
def test_any_address_in_any_text_becomes_its_network(field: str, address: str) -> None:
    """Not only the event's own."""
    event = event_of(**{"ip": "203.0.113.77", field: f"by {address}!"})
    kept = address.replace("::ffff:", "").replace("192.0.2.55", "192.0.2.0").replace("2001:db8:7:8::9", "2001:db8:7::")

    assert getattr(event, field) == f"by {kept}!"


@pytest.mark.parametrize("address", OTHER)
def test_any_address_in_properties_and_urls_becomes_its_network(address: str) -> None:
    """Keys, values, nested JSON, paths, what is left of queries, URLs within texts."""
    event = event_of(
        page_url=f"https://x.example/{address}/p?utm_term={address}", page_referrer=f"/from/{address}",
        properties={f"k {address}": address, "nested": f'{{"a":["{address}"]}}', "see": f"http://[{address}]/x?y"},
    )  # fmt: skip

    assert not [part for part in ("192.0.2.55", "7:8::9") if part in kept_of(event)]
    assert "192.0.2.0" in kept_of(event) or "2001:db8:7::" in kept_of(event)


def test_another_hosts_address_in_a_url_stays() -> None:
    """It is a place, not a person; versions in a user agent stay too."""
    event = event_of(
        ip="203.0.113.77", useragent="Mozilla/5.0 Chrome/120.1.2.3", page_url="http://192.0.2.55:80/a",
        page_referrer="https://[2001:db8:7:8::9]/b",
    )  # fmt: skip

    assert (event.page_url, event.page_referrer) == ("http://192.0.2.55:80/a", "https://[2001:db8:7:8::9]/b")
    assert event.useragent == "Mozilla/5.0 Chrome/120.1.2.3"


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
    given: dict[str, Any] = {"event": "page_view", "app_id": "shop", "properties": properties} | IDS | fields
    kept = anonymize(ParsedEvent(**given), PLACE, 1, 30, 10, 20)
    if not isinstance(kept, Event):  # nothing is left of what an event must have
        assert {"event", "app_id"} & fields.keys()
        return
    text = kept_of(kept)
    assert CANARY not in text
    assert not [value for name, value in IDS.items() if name not in fields and value in text]


@given(st.ip_addresses(), st.emails(), st.text(min_size=6, max_size=40))
def test_generated_ids_never_come_out(ip: object, email: str, user: str) -> None:
    """Any address, any e-mail, any user id."""
    event = event_of(ip=str(ip), user_id=email, anonymous_id=user, page_title=f"Hi {email}", se_label=f"- {user} -")

    assert event.user_ipaddress != str(ip) or str(ip).endswith((".0", "::"))  # a network's own address
    assert email not in event.page_title
    assert user not in event.se_label or user in "- (visitor) -"
