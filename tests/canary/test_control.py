"""The canary test can fail: without one of its rules, a rules file lets canaries through, and they are found."""

import os
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.anonymize.rules import Rules, default_rules, make_rules
from tests.canary import records
from tests.canary.offline import survivors
from tests.canary.running import run_and_search

STRICT = Path(__file__).with_name("strict.yaml")
DEFAULTS = resources.files("streams.anonymize").joinpath("defaults.yaml").read_text("utf-8")
DECLARED = make_rules(DEFAULTS + "base64: [properties.packed]\n")
EVENTS = 120


def without(text: str, name: str) -> str:
    """A rules file's text less one rule."""
    file: dict[str, Any] = yaml.safe_load(text)
    left = [rule for rule in file["rules"] if rule["name"] != name]
    assert len(left) == len(file["rules"]) - 1
    return yaml.safe_dump({**file, "rules": left}, sort_keys=False)


@lru_cache
def survivors_without(text: str, free: bool, name: str) -> set[str]:
    """Fields in which canaries are found when a rule is missing."""
    lines = records.lines(EVENTS, free=free, packed="{mail}" if free else "")
    return survivors(lines, make_rules(without(text, name)), EVENTS)


@pytest.mark.parametrize(
    ("rules", "free", "packed"),
    [
        (default_rules(), False, ""),
        (DECLARED, False, "{mail} {card} {v4} {v6}"),
        (make_rules(STRICT.read_text()), True, "{mail} {card} {v4} {user} {free}"),
    ],
    ids=["defaults", "defaults with base64 declared", "strict"],
)
def test_whole_rules_files_let_nothing_through(rules: Rules, free: bool, packed: str) -> None:
    """Of what they promise: of texts in base64 those that are declared; the strict one promises free text, too."""
    assert survivors(records.lines(EVENTS, free=free, packed=packed), rules, EVENTS) == set()


def test_own_ids_are_found_in_base64_that_is_declared() -> None:
    """Like all else that redact finds."""
    assert survivors(records.lines(EVENTS, packed="I am {device}"), DECLARED, EVENTS) == set()


def test_base64_that_is_not_declared_is_found() -> None:
    """The rules cannot know of it; the search can."""
    assert survivors(records.lines(EVENTS, packed="{mail}"), default_rules(), EVENTS) == {"properties"}


@pytest.mark.parametrize(
    ("text", "free", "name", "field"),
    [
        (DEFAULTS, False, "urls", "page_url"),
        (DEFAULTS, False, "texts", "page_title"),
        (DEFAULTS, False, "texts", "contexts"),
        (DEFAULTS, False, "own-ids", "useragent"),
        (DEFAULTS, False, "own-ids", "properties"),
        (STRICT.read_text(), True, "keep", "page_title"),
        (STRICT.read_text(), True, "keep", "contexts"),
        (STRICT.read_text(), True, "no-queries", "page_url"),
        (STRICT.read_text(), True, "routes", "page_url"),
        (STRICT.read_text(), True, "no-names", "app_id"),
        (STRICT.read_text(), True, "no-names", "properties"),
    ],
)
def test_without_one_rule_canaries_are_found(text: str, free: bool, name: str, field: str) -> None:
    """In the field that the rule is for."""
    assert field in survivors_without(text, free, name)


def test_the_defaults_leave_free_text() -> None:
    """They do not promise it; the search finds it."""
    assert "page_title" in survivors(records.lines(EVENTS, free=True), default_rules(), EVENTS)


@pytest.mark.slow
@pytest.mark.skipif("THALWEG_TEST_CANARY_EVENTS" not in os.environ, reason="THALWEG_TEST_CANARY_EVENTS is not set")
def test_a_real_run_without_one_rule_is_found_out(tmp_path: Path) -> None:
    """In topics, tables and the sessions' state."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(without(DEFAULTS, "texts"))
    searched = run_and_search(records.lines(EVENTS), "records", EVENTS, tmp_path, rules)

    places = {find.place for find in searched.finds}
    assert {"enriched.page_title", "events.page_title", "events.properties", "sessions.first_page_title"} <= places
