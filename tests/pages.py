"""The pages that are made from code: ``make docs`` writes them, tests/test_docs.py checks that they are current."""

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from streams.anonymize.ruleset import RuleFile
from streams.config import PREFIX, STEP, section_of
from streams.metrics import Metrics, page
from streams.settings import Settings
from tests import dictionary
from tests.faults import report

ROOT = Path(__file__).parents[1]
_REFERENCE_HEAD = """\
# Every setting of Thalweg with its default. Made from streams/settings.py by `make docs`: change it there.
#
# A setting comes from a YAML file (--config, or the variable THALWEG_CONFIG), or from an environment variable, which
# goes before the file: THALWEG_ and the key in capitals, two underscores between a section and its key, as in
# THALWEG_KAFKA__BROKERS. Unknown keys and unknown THALWEG_ variables are refused. A key without a value is not given.
"""
_APPS = """\
# per app_id: the keys of `sessions` and `limits` it changes, the others are inherited; and the hosts of its site: pages
# of a log that names no host are on the first
apps: {}
#   shop:
#     gap: 900  # THALWEG_APPS__shop__GAP
#     hosts: [shop.example, www.shop.example]
#     limits:
#       record_events: 100  # THALWEG_APPS__shop__LIMITS__RECORD_EVENTS
"""
_RETENTION_APPS = """\
  # per app_id: the tables whose days it changes
  apps: {}
  #   shop:
  #     events: 30  # THALWEG_RETENTION__APPS__shop__EVENTS
"""
_METRICS_HEAD = """\
# Metrics

A worker answers Prometheus on loopback where `metrics_port` is set. Labels come from closed lists, never from content.
Made from streams/metrics.py by `make docs`.

"""


def pages() -> dict[Path, str]:
    """The text of each page, by its path in the repository."""
    return {
        Path("docs/thalweg.reference.yaml"): (_REFERENCE_HEAD + "".join(_section(Settings, ()))).replace(
            "\n\n\n", "\n\n"
        ),
        Path("docs/rules.schema.json"): _schema(),
        Path("docs/metrics.md"): _METRICS_HEAD + page(Metrics()),
        Path("docs/dictionary.md"): dictionary.page(),
        report.PAGE: report.current(ROOT),
    }


def _schema() -> str:
    """The JSON Schema of a rules file, for editors."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Made from streams/anonymize/ruleset.py by `make docs`: change it there.",
        **RuleFile.model_json_schema(),
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _section(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[str]:
    for key, field in model.model_fields.items():
        section, by_name = section_of(field.annotation)
        if section is None:
            yield _value((*above, key), field)
        elif by_name:
            yield _RETENTION_APPS if above else "\n" + _APPS
        else:
            yield f"\n# {inspect.getdoc(section)}\n{key}:\n"
            yield from _section(section, (*above, key))
            yield "\n"


def _value(path: tuple[str, ...], field: FieldInfo) -> str:
    indent = "  " * (len(path) - 1)
    key, default = path[-1], _default(field)
    variable = PREFIX + STEP.join(path).upper()
    line = f"{key}: {default}" if default else f"{key}:"
    if "Secret" in str(field.annotation):
        line = f"# {key}: never in this file"
    return f"{indent}# {field.description}\n{indent}{line}  # {variable}\n"


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default()
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return str(value)


if __name__ == "__main__":
    for path, text in pages().items():
        (ROOT / path).write_text(text, encoding="utf-8")
