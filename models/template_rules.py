"""Learned templates as ``url_template`` rules of the anonymize stage, so that a store holds no ids in paths at all."""

from collections.abc import Mapping

import yaml

from models.templates import ID, Templates


def to_rules(templates: Mapping[str, Templates]) -> str:
    """A rule for each app, in YAML, to go under ``rules:``. An app without any id has none."""
    rules = [
        {
            "name": f"paths-of-{app}",
            "action": "url_template",
            "match": {"app": [app]},
            "fields": ["page_url"],
            "segments": [],
            "routes": routes,
        }
        for app in sorted(templates)
        if (routes := routes_of(templates[app]))
    ]
    return yaml.safe_dump(rules, sort_keys=False, allow_unicode=True, width=1_000) if rules else ""


def routes_of(templates: Templates) -> list[str]:
    """Routes, the first that fits counts: a page that stays stands before the ids it would be taken for.

    A route's ``:id`` is a whole segment, so ``/set/:id.html`` and ``/set/:id.csv`` are one route there.
    """
    wide = {_wide(pattern) for pattern in templates.patterns()}
    stays = {path for path in templates.literals() if any(_fits(path, route) for route in wide)}
    return sorted(wide | stays, key=lambda route: [(segment == ID, segment) for segment in route.split("/")])


def _wide(pattern: str) -> str:
    return "/".join(ID if segment.startswith(ID) else segment for segment in pattern.split("/"))


def _fits(path: str, route: str) -> bool:
    given, wanted = path.split("/"), route.split("/")
    return len(given) == len(wanted) and all(
        bool(have) if want == ID else have == want for have, want in zip(given, wanted, strict=True)
    )
