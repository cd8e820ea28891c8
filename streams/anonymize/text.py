"""Free text: the queries and path parameters of URLs inside it go, then what is personal in any text."""

import re

import re2

from streams.anonymize.json_text import rewrite_texts
from streams.anonymize.redact import redact, redact_names
from streams.anonymize.url import cut, cut_parameters
from streams.memo import remember

_EMBEDDED = re2.compile(r"""([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/?#@"'<>\\]*@)?([^\s?#"'<>\\]*)(?:[?#][^\s"'<>\\]*)?""")
_QUERY = re2.compile(r"""[?#][^\s"'<>?#=]*=[^\s"'<>]*""")
"""A query or fragment with a parameter, wherever a word goes over into one: in a path, in JSON, alone."""


def _clean(text: str) -> str:
    """A query can stand in a text by itself (Segment's ``search``), as a path, or in a URL amid words."""
    return redact(_without_queries(text))


def _clean_agent(text: str) -> str:
    return redact_names(_without_queries(text))


def _without_queries(text: str) -> str:
    if "?" in text or "#" in text or "@" in text or ";" in text:
        if text[0] in "?/#" and " " not in text:
            return cut(text)[0]
        try:
            if "://" in text:
                text = _EMBEDDED.sub(_place, text)
            if "=" in text:
                text = _QUERY.sub("", text)
        except UnicodeError:
            return ""  # lone surrogates: what cannot be searched cannot be kept
    return text


def _place(url: re.Match[str]) -> str:
    return url.group(1) + cut_parameters(url.group(2))


clean = remember(_clean)
"""The text as it may be kept; empty where nothing may."""

clean_agent = remember(_clean_agent)
"""The same for user agents: their versions look like network addresses and stay."""


def _clean_json(text: str) -> str:
    return rewrite_texts(text, clean)


def _clean_hints(text: str) -> str:
    return rewrite_texts(text, clean_agent)


clean_json = remember(_clean_json)
"""JSON as it may be kept: each name and value in it as ``clean`` leaves it; empty where it is no JSON."""

clean_hints = remember(_clean_hints)
"""The same for client hints, which are JSON and hold versions."""
