"""The page around charts and tables: one HTML file with its style, its script and plotly inside; no network."""

import base64
import gzip
import json
from collections.abc import Sequence
from importlib.resources import files

import msgspec
from plotly.offline import get_plotlyjs

from models.report.charts import Figure
from models.report.text import html

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; font-src data:;"
    " base-uri 'none'; form-action 'none'"
)
"""The browser itself refuses any request."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the page. ``body``: HTML; ``note``: what to know about the numbers; ``half``: stands beside another."""

    id: str
    title: str
    body: str
    note: str = ""
    half: bool = False


def page(title: str, subtitle: str, head: str, sections: Sequence[Section], foot: str = "") -> str:
    """The whole page. ``head``: HTML between the title and the sections. The same input gives the same bytes."""
    parts = files("models.report")
    body = "".join(_section(section) for section in sections)
    has_chart = 'class="chart"' in body
    links = "".join(f'<a href="#{section.id}">{html(section.title)}</a>' for section in sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{html(title)}</title>\n<style>\n{(parts / 'page.css').read_text('utf-8')}</style>\n</head>\n<body>\n"
        f"<header><h1>{html(title)}</h1><p>{html(subtitle)}</p></header>\n<nav>{links}</nav>\n"
        f"<main>{head}{body}</main>\n<footer>{foot}</footer>\n"
        + (f'<script type="text/plain" id="plotly">{_packed(get_plotlyjs())}</script>\n' if has_chart else "")
        + f"<script>\n{(parts / 'page.js').read_text('utf-8')}</script>\n</body>\n</html>\n"
    )


def chart(figure: Figure) -> str:
    """A figure's place in the page; it is drawn where the browser can, and the table beside it says the same."""
    drawn = {key: value for key, value in figure.items() if key != "label"}
    told = json.dumps(drawn, separators=(",", ":")).replace("<", "\\u003c")
    return (
        f'<div class="chart" role="img" aria-label="{html(figure["label"])}" style="height:{figure["height"]}px">'
        f'<script type="application/json">{told}</script></div>'
    )


def _section(section: Section) -> str:
    note = f"<p class=note>{html(section.note)}</p>" if section.note else ""
    kind = "half" if section.half else "whole"
    return f'<section id="{section.id}" class="{kind}"><h2>{html(section.title)}</h2>{note}{section.body}</section>\n'


def _packed(script: str) -> str:
    """A third of its size; the page's own script unpacks it."""
    return base64.b64encode(gzip.compress(script.encode(), 9, mtime=0)).decode()
