from collections import Counter

from tests.anonymize.engine import kept, rules_of, run


def test_enriched_columns_are_changed_after_enrichment() -> None:
    """Places, versions, paths; what no rule names stays."""
    rules = rules_of(
        {"action": "generalize", "when": "after", "fields": ["geo"], "to": "region"},
        {"action": "generalize", "when": "after", "fields": ["geo_latitude"], "step": 0.5},
        {"action": "generalize", "when": "after", "fields": ["br_version", "useragent"], "to": "major"},
        {"action": "url_template", "when": "after", "fields": ["page_urlpath"]},
        {
            "action": "drop_field",
            "when": "after",
            "fields": ["asn_number", "bot_indicators", "os_family", "properties.a"],
        },
    )
    event = kept(
        rules,
        useragent="X/1.2.3",
        properties={"a": "1", "b": "2"},
        enriched={
            "geo_region": "BE",
            "geo_city": "Berlin",
            "geo_latitude": 52.52,
            "geo_country": "DE",
            "br_version": "120.0.1",
            "page_urlpath": "/u/7",
            "asn_number": 5,
            "bot_indicators": ["x"],
            "os_family": "Linux",
            "br_family": "Chrome",
        },
    )

    assert (event.geo_country, event.geo_region, event.geo_city, event.geo_latitude) == ("DE", "BE", "", None)
    assert (event.br_version, event.useragent, event.page_urlpath) == ("120", "X/1", "/u/:id")
    assert (event.asn_number, event.bot_indicators, event.os_family, event.br_family) == (0, [], "", "Chrome")
    assert event.properties == {"b": "2"}


def test_rules_after_match_what_enrichment_found() -> None:
    """And see the masked event, not the one that came in."""
    rules = rules_of(
        {"action": "mask", "fields": ["page_title"]},
        {"action": "drop_event", "when": "after", "match": {"fields": {"geo_country": {"equals": ["XX"]}}}},
        {
            "action": "mask",
            "when": "after",
            "fields": ["se_label"],
            "match": {"fields": {"page_title": {"equals": ["(masked)"]}}},
        },
    )

    assert run(rules, enriched={"geo_country": "XX"}) is None
    assert kept(rules, page_title="secret", se_label="x", enriched={"geo_country": "DE"}).se_label == "(masked)"
    assert kept(rules, se_label="x").se_label == "x"


def test_keep_only_after_enrichment_leaves_ids_and_times() -> None:
    """Everything else that is not named goes, whatever stage it came from."""
    rules = rules_of({"action": "keep_only", "when": "after", "fields": ["geo_country"]})
    event = kept(rules, user_id="ann", page_title="t", enriched={"geo_country": "DE", "geo_city": "Bonn", "is_bot": 1})

    assert (event.geo_country, event.geo_city, event.page_title, event.is_bot) == ("DE", "", "", 1)
    assert event.user_id
    assert event.derived_tstamp


def test_what_cannot_be_read_is_removed_and_counted() -> None:
    """As before enrichment; without a field it must have the event goes."""
    removed: Counter[str] = Counter()
    rules = rules_of({"action": "truncate_ip", "when": "after", "fields": ["geo_city", "properties.a", "event_name"]})
    event = kept(rules, removed=removed, properties={"a": "x"}, enriched={"geo_city": "Bonn"})

    assert (event.geo_city, event.properties) == ("", {})
    assert removed == {"geo_city": 1, "properties": 1}
    assert run(rules_of({"action": "truncate_ip", "when": "after", "fields": ["event"]})) is None


def test_a_pseudonym_after_enrichment_does_not_outlive_the_visitor() -> None:
    """It rotates with the fastest key of a visitor."""
    rules = rules_of(
        {"action": "pseudonymize", "fields": ["visitor_id"], "rotation": "daily"},
        {"action": "pseudonymize", "when": "after", "fields": ["se_label"]},
    )
    labels = {kept(rules, se_label="ann", derived=(20_000 + day) * 86_400_000).se_label for day in range(3)}

    assert len(labels) == 3
