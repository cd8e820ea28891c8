"""The patterns of discovery as a section of the report."""

from collections.abc import Sequence

from models.report import tables
from models.report.findings import Pattern
from models.report.page import Section
from models.report.text import breakable, html


def pattern_section(patterns: Sequence[Pattern], store: str) -> Section:
    """A table of the patterns, and each in words; or how to get them."""
    note = "" if not patterns else f"Each session has one, from the last thalweg discover. {_how_sure(patterns)}"
    return Section(id="patterns", title="Patterns", note=note, body=_body(patterns) if patterns else _missing(store))


def _how_sure(patterns: Sequence[Pattern]) -> str:
    clusters = [pattern for pattern in patterns if pattern.kind == "cluster" and pattern.stability is not None]
    if not clusters:
        return "Sessions that walk no funnel count as one: no clusters are sure, or there were too few to look in."
    sure = clusters[0]
    return (
        f"Sessions that walk no funnel fall into {len(clusters)} clusters, which come out alike from other samples:"
        f" {sure.stability or 0:.2f} of 1, in shuffled data {sure.stability_by_chance or 0:.2f}."
    )


def _body(patterns: Sequence[Pattern]) -> str:
    words = "".join(f"<dt>{html(pattern.name)}</dt><dd>{breakable(pattern.description)}</dd>" for pattern in patterns)
    return tables.patterns(patterns) + f"<dl class=words>{words}</dl>"


def _missing(store: str) -> str:
    command = f"thalweg discover --store {store}"
    return tables.empty("None was looked for yet, or there was too little to look at:") + (
        f"<pre><code>{html(command)}</code></pre>"
    )
