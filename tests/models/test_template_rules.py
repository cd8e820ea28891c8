import re

import yaml

from models.template_rules import routes_of, to_rules
from models.templates import learn
from streams.anonymize.ruleset import RuleFile, UrlTemplate
from streams.anonymize.template import make_text_template

DATA = {f"/set/{n}{n}.{kind}": 1 for n in range(20, 40) for kind in ("html", "csv")} | {
    "/set/index.html": 1,
    "/help": 1,
    **{f"/user/{n}{n}/settings": 1 for n in range(20, 40)},
}


def test_a_page_that_stays_goes_before_the_ids() -> None:
    """The first route that fits counts; what no id would take needs none; an id is a whole segment."""
    assert routes_of(learn(DATA)) == ["/set/index.html", "/set/:id", "/user/:id/settings"]


def test_each_app_with_ids_has_a_rule() -> None:
    """In the form the rules file takes."""
    rules = yaml.safe_load(to_rules({"shop": learn(DATA), "blog": learn({"/": 1})}))

    assert [(rule["action"], rule["match"], len(rule["routes"])) for rule in rules] == [
        ("url_template", {"app": ["shop"]}, 3)
    ]
    assert to_rules({}) == ""


def test_the_anonymize_stage_takes_the_rules_and_agrees() -> None:
    """Each path becomes what was learned, but for the extension of an id."""
    templates = learn(DATA)
    rules = yaml.safe_load(to_rules({"shop": templates}))
    rule = RuleFile.model_validate({"version": 1, "rules": rules}).rules[0]
    assert isinstance(rule, UrlTemplate)
    apply = make_text_template(rule).apply

    for path in DATA:
        assert apply(path) == re.sub(r":id\.\w+", ":id", templates.of(path))
