"""The query's allow list, for URLs and for texts that hold URLs."""

import re
from collections.abc import Callable

import re2

from streams.anonymize.action import TextAction, TextFunction
from streams.anonymize.ruleset import UrlQuery
from streams.anonymize.url import UrlAction, UrlFunction, cut_base, cut_parameters, make_url, network_of
from streams.memo import remember

_EMBEDDED = re2.compile(r"""([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/?#@"'<>\\]*@)?([^\s?#"'<>\\]*)(?:[?#][^\s"'<>\\]*)?""")
_QUERY = re2.compile(r"""[?#][^\s"'<>?#=]*=[^\s"'<>]*""")
"""A query or fragment with a parameter, wherever a word goes over into one: in a path, in JSON, alone."""


def make_query(rule: UrlQuery) -> UrlAction:
    """Only the parameters the rule names stay; names are compared, and written, in lower case."""
    return UrlAction(
        base=cut_base,
        query=_make_keep(rule.keep),
        fragment=lambda _fragment: "",
        network=network_of if rule.click_ids else None,
    )


def make_text_query(rule: UrlQuery) -> TextAction:
    """The same for a text: it may be a query, a path with one, or have URLs amid words (they lose theirs whole)."""
    whole: UrlFunction = make_url([make_query(rule)])

    def cut(text: str) -> str:
        if "?" in text or "#" in text or "@" in text or ";" in text:
            if text[0] in "?/#" and " " not in text:
                return whole(text)[0]
            if "://" in text:
                text = _EMBEDDED.sub(_place, text)
            if "=" in text:
                text = _QUERY.sub("", text)
        return text

    return TextAction(cut, (_may_hold_query,), on_names=True)


def _may_hold_query(text: str) -> bool:
    return "?" in text or "#" in text or "@" in text or ";" in text


def _place(url: re.Match[str]) -> str:
    return url.group(1) + cut_parameters(url.group(2))


def _make_keep(names: list[str]) -> TextFunction:
    """Values are new in every query, names are few: what is remembered is what happens to a name."""
    if not names:
        return lambda _query: ""
    written = remember(_make_written([name.lower() for name in names]))

    def keep(query: str) -> str:
        kept = []
        for parameter in (query.replace(";", "&") if ";" in query else query).split("&"):
            name, sign, value = parameter.partition("=")
            word = written(name)
            if word is not None:
                kept.append(word + sign + value)
        return "&".join(kept)

    return keep


def _make_written(names: list[str]) -> Callable[[str], str | None]:
    """From a parameter's name to the name as it is written; None for one that goes."""
    fits = re.compile("|".join(_form(name) for name in names), re.IGNORECASE | re.ASCII).fullmatch
    return lambda name: None if fits(name) is None else name.lower()


def _form(name: str) -> str:
    """The regular expression of a name: ``*`` and ``?`` stand for signs of a name.

    Between two stars the first place that fits is taken for good, as in fnmatch: many stars cost no more than one.
    """
    first, *rest = [
        "".join(["[^&;=]" if sign == "?" else re.escape(sign) for sign in part]) for part in name.split("*")
    ]
    if not rest:
        return first
    *middle, last = rest
    return "".join([first, *[f"(?>[^&;=]*?{part})" for part in middle if part], f"[^&;=]*{last}"])
