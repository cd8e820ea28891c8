"""Free text: the queries of URLs inside it go, then e-mail addresses and cards."""

import re2

from streams.anonymize.redact import redact
from streams.anonymize.url import cut
from streams.memo import remember

_EMBEDDED = re2.compile(r"""([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/?#@"'<>\\]*@)?([^\s?#"'<>\\]*)(?:[?#][^\s"'<>\\]*)?""")
_QUERY = re2.compile(r"""[?#][^\s"'<>?#=]*=[^\s"'<>]*""")
"""A query or fragment with a parameter, wherever a word goes over into one: in a path, in JSON, alone."""


def _clean(text: str) -> str:
    """A query can stand in a text by itself (Segment's ``search``), as a path, or in a URL amid words."""
    if "?" in text or "#" in text or "@" in text:
        if text[0] in "?/#" and " " not in text:
            return cut(text)[0]
        try:
            if "://" in text:
                text = _EMBEDDED.sub(r"\1\2", text)
            if "=" in text:
                text = _QUERY.sub("", text)
        except UnicodeError:
            return ""  # lone surrogates: what cannot be searched cannot be kept
    return redact(text)


clean = remember(_clean)
"""The text as it may be kept; empty where nothing may."""
