import json
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from typer.testing import CliRunner, Result

from streams.anonymize.rules import default_rules
from streams.cli.main import app
from streams.errors import ConfigError

ROOT = Path(__file__).parents[2]
LINES = [
    '192.0.2.1 - - [21/May/2026:10:00:00 +0000] "GET /u/7?mail=ann@example.com HTTP/1.1" 200 5 "-" "curl/8.5.0"',
    '192.0.2.2 - - [21/May/2026:10:00:01 +0000] "GET /healthz HTTP/1.1" 200 5 "-" "probe"',
    "no line of a log",
]
RULES = """
version: 1
rules:
  - {name: probes, action: drop_event, match: {fields: {useragent: {equals: [probe]}}}}
  - {name: queries, action: url_query, fields: [urls]}
  - {name: paths, action: url_template, fields: [urls]}
  - {name: paths-later, action: url_template, when: after, fields: [page_urlpath]}
  - {name: versions, action: generalize, when: after, fields: [useragent], to: major}
examples:
  - {given: {page_url: "/u/7?x=1"}, expect: {page_url: "/u/:id"}}
"""


def thalweg(*words: str) -> Result:
    """What the command prints and how it ends."""
    return CliRunner().invoke(app, ["rules", *words])


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A rules file."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    return file


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two requests, and a line that is none."""
    file = tmp_path / "access.log"
    file.write_text("\n".join(LINES) + "\n")
    return file


def test_the_defaults_are_printed_as_they_are(tmp_path: Path) -> None:
    """A copy of them is the same rules, by hash."""
    assert thalweg("defaults").stdout == default_rules().text


def test_examples_are_run_and_failures_end_with_1(rules: Path) -> None:
    """As lines for people, and as JSON."""
    done = thalweg("test", str(rules))
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "ok    the file, example 1")
    assert "5 rules, 1 examples, 0 failed" in done.stdout

    rules.write_text(RULES.replace('"/u/:id"}', "/u/7}"))
    assert thalweg("test", str(rules)).exit_code == 1
    assert "page_url: expected '/u/7', is '/u/:id'" in thalweg("test", str(rules)).stdout
    told = json.loads(thalweg("test", str(rules), "--json").stdout)
    assert told["differences"] == [{"field": "page_url", "expected": "/u/7", "found": "/u/:id"}]


def test_a_wrong_file_is_refused(rules: Path) -> None:
    """By the error that stops a worker's start too."""
    rules.write_text(RULES.replace("drop_event", "drop"))

    assert isinstance(thalweg("test", str(rules)).exception, ConfigError)


def test_a_preview_tells_each_change_and_its_rule(rules: Path, log: Path) -> None:
    """Events before and after, the rules that hit, counts, and what no rule touched."""
    done = thalweg("preview", str(log), "--format", "combined", "--rules", str(rules), "--json")
    first, second, last = map(json.loads, done.stdout.splitlines())

    changes = {(c["field"], c["rule"]): (c["before"], c["after"]) for c in first["changes"]}
    assert changes["page_url", "queries"] == ("/u/7?mail=ann@example.com", "/u/7")
    assert changes["page_url", "paths"] == ("/u/7", "/u/:id")
    assert changes["useragent", "versions"] == ("curl/8.5.0", "curl/8")
    assert changes["user_ipaddress", "always"] == ("192.0.2.1", "192.0.2.0")
    assert first["hits"] == ["queries", "paths", "paths-later", "versions"]
    assert "properties.http_method" in first["untouched"]
    assert second["dropped"] == "probes"
    assert (last["totals"]["events"], last["totals"]["dropped"], last["totals"]["unread"]) == (2, 1, 1)
    assert last["totals"]["changed"]["queries"] == 2  # page_url, and page_urlquery, which enrichment reads from it
    assert "do not pass it on" in done.stderr


def test_a_preview_for_people_says_the_same(rules: Path, log: Path) -> None:
    """Each change on a line, then a table of the rules."""
    done = thalweg("preview", str(log), "--format", "combined", "--rules", str(rules))

    assert "page_url: '/u/7' → '/u/:id'   (paths)" in done.stdout
    assert "dropped   (probes)" in done.stdout
    assert "no rule changed: " in done.stdout


def test_a_preview_by_the_defaults_credits_the_rule_that_asks(log: Path) -> None:
    """What would be done anyway, too."""
    done = thalweg("preview", str(log), "--format", "combined", "--json", "-n", "1")

    changes = {c["field"]: c["rule"] for c in json.loads(done.stdout.splitlines()[0])["changes"]}
    assert (changes["user_ipaddress"], changes["page_url"]) == ("ip", "urls")


def test_a_file_needs_a_format(log: Path) -> None:
    """Nothing is guessed."""
    assert thalweg("preview", str(log)).exit_code == 2


def test_the_schema_knows_the_defaults_and_refuses_what_is_wrong() -> None:
    """What editors check is what a worker checks, as far as a schema can."""
    schema = jsonschema_rs.validator_for(json.loads((ROOT / "docs" / "rules.schema.json").read_text()))
    file = yaml.safe_load(default_rules().text)

    schema.validate(file)
    assert not schema.is_valid({**file, "rulez": []})
    assert not schema.is_valid({"version": 1, "rules": [{"name": "a", "action": "maskk", "fields": ["page_title"]}]})
    assert not schema.is_valid(
        {"version": 1, "rules": [{"name": "a", "action": "truncate_ip", "fields": ["x"], "v4": 32}]}
    )
