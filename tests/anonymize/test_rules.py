import hashlib

import yaml

from streams.anonymize.rules import default_rules, make_rules, rules_control


def test_the_hash_is_of_the_text() -> None:
    """Anyone can check it: SHA-256 of the UTF-8 bytes."""
    rules = default_rules()

    assert rules.hash == hashlib.sha256(rules.text.encode()).hexdigest()
    assert make_rules(rules.text + " ").hash != rules.hash


def test_the_default_text_is_yaml_and_names_what_is_done() -> None:
    """Every rule says its fields and what is done to them."""
    told = yaml.safe_load(default_rules().text)

    assert {rule["name"] for rule in told["rules"]} >= {"visitor", "ip", "user-id", "urls", "texts", "own-ids"}
    assert all(rule["do"] and (rule.get("field") or rule.get("fields")) for rule in told["rules"])


def test_the_control_record_carries_hash_and_text() -> None:
    """What the sessions worker stores in table ``rules``."""
    rules = default_rules()

    assert rules_control(rules).body == {"hash": rules.hash, "text": rules.text}
