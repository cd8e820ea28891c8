"""The query's allow list, for URLs and for texts that hold URLs."""

import re
from collections.abc import Callable

import re2

from streams.anonymize.action import TextAction
from streams.anonymize.look import Signs
from streams.anonymize.ruleset import UrlQuery
from streams.anonymize.url import UrlAction, UrlFunction, cut_base, cut_parameters, network_of
from streams.anonymize.urls import make_url
from streams.clickid import CLICK_IDS
from streams.memo import remember

_EMBEDDED = re2.compile(r"""([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/?#@"'<>\\]*@)?([^\s?#"'<>\\]*)(?:[?#][^\s"'<>\\]*)?""")
_QUERY = re2.compile(r"""[?#][^\s"'<>?#=]*=[^\s"'<>]*""")
"""A query or fragment with a parameter, wherever a word goes over into one: in a path, in JSON, alone."""


def make_query(rule: UrlQuery) -> UrlAction:
    """Only the parameters the rule names stay; names are compared, and written, in lower case."""
    meaning = remember(_make_meaning([name.lower() for name in rule.keep]))
    read = _make_read(meaning)
    return UrlAction(
        base=cut_base,
        query=lambda query: read(query)[0],
        fragment=lambda _fragment: "",
        network=network_of if rule.click_ids else None,
        query_and_network=read if rule.click_ids else None,
        network_of_dropped=_make_network_of_dropped(meaning, rule.click_ids),
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

    return TextAction(cut, (_MAY_HOLD_QUERY,), on_names=True)


_MAY_HOLD_QUERY = Signs("?#@;")


def _place(url: re.Match[str]) -> str:
    return url.group(1) + cut_parameters(url.group(2))


Meaning = tuple[str | None, str]
"""Of a parameter's name: as it is written, None for one that goes; its network."""
MeaningOf = Callable[[str], Meaning | None]
"""None for a name that goes and is no click id. Values are new in every query, names are few: they are remembered."""


def _make_network_of_dropped(meaning: MeaningOf, click_ids: bool) -> Callable[[str], str | None]:
    def network_of_dropped(parameter: str) -> str | None:
        name, _, value = parameter.partition("=")
        if ";" in parameter:
            return None
        found = meaning(name)
        if found is None:
            return ""
        word, network = found
        return None if word is not None else network if click_ids and value else ""

    return network_of_dropped


def _make_read(meaning: MeaningOf) -> UrlFunction:
    """From a query to (what is kept of it, network of its first click id that has a value)."""

    def read(query: str) -> tuple[str, str]:
        kept, network = [], ""
        for parameter in (query.replace(";", "&") if ";" in query else query).split("&"):
            found = meaning(parameter.partition("=")[0])
            if found is None:
                continue
            if found is _STAYS:
                kept.append(parameter)
                continue
            word, click = found
            _, sign, value = parameter.partition("=")
            if word is not None:
                kept.append(word + sign + value)
            if value and not network:
                network = click
        return "&".join(kept), network

    return read


_STAYS: Meaning = ("", "")
"""Of one that stays as it is, and is no click id."""


def _make_meaning(names: list[str]) -> MeaningOf:
    fits = re.compile("|".join(_form(name) for name in names), re.IGNORECASE | re.ASCII).fullmatch if names else None

    def meaning(name: str) -> Meaning | None:
        word = name.lower() if fits is not None and fits(name) is not None else None
        click = CLICK_IDS.get(name.lower(), "") if name.isascii() else ""
        if word is None and not click:
            return None
        return _STAYS if word == name and not click else (word, click)

    return meaning


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
