import re
from pathlib import Path
from typing import get_args

import pytest

from streams.anonymize.examples import run_examples
from streams.anonymize.rules import default_rules, make_rules
from streams.anonymize.ruleset import FieldRule
from streams.errors import ConfigError

PAGE = Path(__file__).parents[2] / "docs" / "anonymization.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: re.findall(r"name: ([\w-]+)", text)[0])
def test_every_rules_file_of_the_page_does_what_it_says(text: str) -> None:
    """Each has examples, and each example holds."""
    results = list(run_examples(make_rules(text)))

    assert results
    assert [(each.number, each.differences) for each in results if not each.passed] == []


def test_the_page_shows_every_action() -> None:
    """With a heading, and a file that uses it under that heading."""
    actions = {get_args(model.model_fields["action"].annotation)[0] for model in get_args(FieldRule)} | {"drop_event"}

    sections = re.findall(r"^### (\w+)\n.*?^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert {name for name, _ in sections} == actions
    assert [name for name, text in sections if f"action: {name}" not in text] == []


def test_the_defaults_pass_their_own_examples() -> None:
    """The file a user starts from is tested too."""
    assert all(result.passed for result in run_examples(default_rules()))


WRONG = """
version: 1
rules:
  - name: title
    action: mask
    fields: [page_title]
    examples:
      - {given: {page_title: x}, expect: {page_title: y, se_label: z}}
      - {given: {page_title: x}, expect: dropped}
"""


def test_what_differs_is_told_field_by_field() -> None:
    """With the rule the example stands beside, and both values."""
    first, second = run_examples(make_rules(WRONG))

    assert (first.rule, first.number, first.passed) == ("title", 1, False)
    assert [(d.field, d.expected, d.found) for d in first.differences] == [
        ("page_title", "y", "(masked)"),
        ("se_label", "z", None),
    ]
    assert [(d.expected, d.found) for d in second.differences] == [("dropped", "kept")]


@pytest.mark.parametrize("given", ["{page_titel: x}", "{dvce_screenwidth: wide}", "{derived_tstamp: soon}"])
def test_an_example_that_is_no_event_is_refused(given: str) -> None:
    """Not passed over."""
    rules = make_rules(f"version: 1\nrules: []\nexamples:\n  - {{given: {given}, expect: {{}}}}\n")

    with pytest.raises(ConfigError, match="the file, example 1: `given` is no event"):
        list(run_examples(rules))
