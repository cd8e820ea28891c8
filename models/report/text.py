"""Numbers and words as the report writes them, and HTML that cannot be broken by what stands in a URL."""

import re
from html import escape
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def html(text: object) -> str:
    """Safe between tags and in attributes."""
    return escape(_CONTROL.sub("�", str(text)), quote=True)


def number(value: float) -> str:
    """``1,234`` or ``3.2``."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"


def percent(share: float) -> str:
    """``12.3 %``; ``<0.1 %`` where it is more than nothing."""
    return "<0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def shortened(text: str, most: int) -> str:
    """At most ``most`` characters; the middle goes, since paths differ at both ends."""
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def breakable(text: object) -> str:
    """HTML of a path or name that may break after a slash or a hyphen."""
    return re.sub(r"([/_-])(?=.)", r"\1<wbr>", html(text))


def plain(value: Any) -> str:
    """For a chart's labels: plotly reads a few tags in them, so none may be there."""
    return html(value).replace("&quot;", '"').replace("&#x27;", "'")
