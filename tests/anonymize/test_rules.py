import hashlib
from pathlib import Path

import pytest

from streams.anonymize.rules import asks_for_country, default_rules, keys_of, make_rules, read_rules, rules_control
from streams.errors import ConfigError
from tests.anonymize.engine import rules_of


def test_the_hash_is_of_the_text() -> None:
    """Anyone can check it: SHA-256 of the UTF-8 bytes."""
    rules = default_rules()

    assert rules.hash == hashlib.sha256(rules.text.encode()).hexdigest()
    assert make_rules(rules.text + " ").hash != rules.hash


def test_the_defaults_are_a_rules_file_that_names_what_is_done() -> None:
    """Every rule says its action and its fields; a file of the same text is the same rules."""
    rules = default_rules()

    named = {rule.name: rule for rule in rules.file.rules}
    assert named.keys() >= {"visitor", "ip", "user-id", "urls", "texts", "own-ids"}
    assert all(getattr(rule, "fields", None) for rule in named.values())
    assert make_rules(rules.text) == rules


def test_the_control_record_carries_hash_and_text() -> None:
    """What the sessions worker stores in table ``rules``."""
    rules = default_rules()

    assert rules_control(rules).body == {"hash": rules.hash, "text": rules.text}


def refusal(rules: str, head: str = "") -> str:
    """What is said about rules that stand from line 3 on."""
    with pytest.raises(ConfigError) as refused:
        make_rules(f"version: 1\n{head}rules:\n{rules}", "rules.yaml")
    return str(refused.value)


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (
            "- {name: a, action: maskk, fields: [page_title]}",
            "rules.yaml:3: rules[1]: no action is called 'maskk'; did you mean mask?",
        ),
        ("- {name: a, fields: [page_title]}", "rules.yaml:3: rules[1]: `action` is missing: one of drop_event"),
        (
            "- name: a\n  action: mask\n  feilds: [x]\n  fields: [page_title]",
            "rules.yaml:5: rules[1].feilds: unknown key; did you mean fields?",
        ),
        (
            "- name: a\n  action: mask\n  fields: [page_title, page_titel]",
            "rules.yaml:5: rules[1].fields[2]: no field is called 'page_titel'",
        ),
        (
            "- name: a\n  action: truncate_ip\n  fields: [user_ipaddress]\n  v4: 32",
            "rules.yaml:6: rules[1].v4: should be less than or equal to 24",
        ),
        (
            "- {name: a, action: mask, fields: [page_title]}\n- {name: a, action: mask, fields: [page_title]}",
            "rules.yaml:4: rules[2].name: rule 1 has this name too",
        ),
        (
            "- {name: a, action: mask, fields: [page_title], fields: [se_label]}",
            "rules.yaml:3: rules[1].fields: stands twice",
        ),
        (
            "- {name: a, action: mask, fields: [user_id]}",
            "user_id is an id that leaves as a pseudonym: mask makes no sense there",
        ),
        (
            "- {name: a, action: drop_field, when: after, fields: [user_id]}",
            "rules[1].when: `after` is refused for user_id",
        ),
        (
            "- {name: a, action: truncate_ip, when: after, fields: [user_ipaddress]}",
            "rules[1].when: `after` is refused for user_ipaddress",
        ),
        (
            "- {name: a, action: drop_field, fields: [geo_city]}",
            "geo_city is known only after enrichment: say `when: after`",
        ),
        ("- {name: a, action: drop_field, fields: [app_id]}", "no event is without app_id"),
        ("- {name: a, action: drop_field, fields: [page_title.x]}", "page_title has nothing below it"),
        ("- {name: a, action: pseudonymize, fields: [app_id]}", "outcomes carry the app's name too"),
        ("- {name: a, action: redact, fields: [page_title], find: [emial]}", "rules[1].find[1]"),
        (
            "- {name: a, action: redact, fields: [urls], find: [own]}\n- {name: b, action: mask, fields: [urls]}",
            "rules[2]: must stand before rule 1",
        ),
        ("- {name: a, action: redact, fields: [properties.x], find: [own]}", "`own` looks in all of properties"),
        (
            "- {name: a, action: redact, fields: [page_title], find: [own], when: after}",
            "`own` looks for ids, which are not there",
        ),
        ("- {name: a, action: generalize, fields: [derived_tstamp], to: hour}", "sessions are cut by derived_tstamp"),
        ("- {name: a, action: generalize, fields: [se_value], to: major}", "se_value is a number: give `step`"),
        ("- {name: a, action: generalize, fields: [page_title], to: day}", "page_title is no time"),
        ("- {name: a, action: generalize, fields: [page_title], to: country}", "page_title is no place"),
        ("- {name: a, action: generalize, fields: [se_value]}", "give one of `to` and `step`"),
        ("- {name: a, action: keep_only, within: properties, fields: [contexts]}", "is not below properties"),
        ("- {name: a, action: redact, fields: [dvce_screenwidth], find: [card]}", "redact makes no sense there"),
        ("- {name: a, action: drop_event, match: {}}", "asks nothing: leave it out"),
        ("- {name: a, action: drop_event, match: {fields: {user_id: {}}}}", "asks nothing: give"),
        ("- {name: a, action: drop_event, match: {consent: [granted]}}", "the file's key `consent` says nowhere"),
        (
            "- {name: a, action: drop_event, match: {fields: {visitor_id: {present: true}}}}",
            "the visitor's id is made by the rules",
        ),
        (
            "- {name: a, action: drop_event, match: {fields: {nothing: {present: true}}}}",
            "no field is called 'nothing'",
        ),
        ("- {name: a, action: drop_event, when: after, match: {country: [DE]}}", "test the field geo_country instead"),
        ("- {name: a, action: mask, fields: ['a..b']}", "is no path"),
        ("- {name: 'A b', action: mask, fields: [page_title]}", "rules[1].name"),
        (
            "- &a {name: a, action: mask, fields: [page_title]}\n- *a",
            "rules.yaml:4: column 3: aliases are not allowed here",
        ),
        ("- {name: a", "rules.yaml:3: column 11: expected"),
        (" 5", "rules.yaml:2: rules: should be a valid list"),
    ],
)
def test_a_wrong_file_is_refused_with_line_key_and_reason(rules: str, told: str) -> None:
    """And a mend."""
    said = refusal(rules)

    assert told in said
    assert "mend: " in said


@pytest.mark.parametrize("pattern", ["(?=x)", r"(a)\\1", "(?<!x)y", "x{1000}{1000}", "(", "(?:a*)*(?>b)"])
def test_what_only_a_backtracking_engine_can_do_is_refused(pattern: str) -> None:
    """At the start, with the pattern's line; never at an event."""
    said = refusal(f'- name: a\n  action: redact\n  fields: [page_title]\n  find: [{{name: x, pattern: "{pattern}"}}]')

    assert "rules.yaml:6: rules[1].find[1].pattern: RE2 refuses the pattern" in said


@pytest.mark.parametrize("pattern", ["a*", "x?", "^", "|b"])
def test_a_pattern_that_fits_everywhere_is_refused(pattern: str) -> None:
    """It would replace nothing by something for ever."""
    assert "fits the empty text" in refusal(
        f'- {{name: a, action: redact, fields: [page_title], find: [{{name: x, pattern: "{pattern}"}}]}}'
    )


def test_a_pattern_that_finds_its_own_word_is_refused() -> None:
    """Or that of another kind."""
    said = refusal('- {name: a, action: redact, fields: [page_title], find: [{name: x, pattern: "[a-z]+"}]}')

    assert "pattern 'x' finds (email)" in said


def test_all_that_is_wrong_is_told_at_once_in_order() -> None:
    """A file is mended in one go."""
    said = refusal("- {name: a, action: mask, fields: [p1]}\n- {name: b, action: mask, fields: [p2]}").splitlines()

    assert [line.split(": ")[0].strip() for line in said[1:3]] == ["rules.yaml:3", "rules.yaml:4"]


def test_base64_and_consent_name_fields_there_are(tmp_path: Path) -> None:
    """They are checked like rules."""
    assert "base64[1]: page_url is no field of text" in refusal(" []", "base64: [page_url]\n")
    assert "consent[1].path: no field is called 'consent'" in refusal(" []", "consent: [{path: consent}]\n")


def test_a_file_is_read_or_refused_with_its_name(tmp_path: Path) -> None:
    """Without one the defaults hold."""
    file = tmp_path / "r.yaml"
    file.write_text("version: 1\nrules: []\n")

    assert read_rules(file).file.rules == []
    assert read_rules(None) == default_rules()
    with pytest.raises(ConfigError, match="cannot be read"):
        read_rules(tmp_path / "none.yaml")
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_rules(file)


def test_rules_tell_which_keys_and_data_they_need() -> None:
    """For the start of a worker, which looks for them."""
    rules = rules_of(
        {"action": "pseudonymize", "fields": ["visitor_id"], "key": "k", "rotation": "daily"},
        {"action": "drop_event", "unless": {"country": ["DE"]}},
    )

    assert keys_of(rules) == [("k", "daily")]
    assert keys_of(default_rules()) == [("default", "none")]
    assert asks_for_country(rules)
    assert not asks_for_country(default_rules())
