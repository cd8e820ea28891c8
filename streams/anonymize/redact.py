"""What is personal within a text is replaced by a word for its kind, wherever it stands, plain or encoded."""

import re
from collections.abc import Callable, Sequence
from functools import partial

import re2

from streams.anonymize import card, iban, phone, tokens
from streams.anonymize.action import TextAction, chain
from streams.anonymize.address import DOTS, FEWEST_COLONS, find_addresses
from streams.anonymize.generalize import number_text
from streams.anonymize.layers import Find, Span, merge, replace_found
from streams.anonymize.look import Hint, Signs, anything
from streams.anonymize.ruleset import OwnPattern, compile_pattern
from streams.anonymize.tree import may_be_written_anew
from streams.anonymize.url import Base, UrlAction
from streams.memo import remember

EMAIL = "(email)"

# Signs that part words in URLs end the local part, unless it is nothing but such a sign.
_LOCAL = r"""(?:"[^"]{1,64}"|[^\s@＠﹫"<>()\[\]\\,;:/?&=#|]+|[/?&=#|])"""
_AT = r"(?:@|＠|﹫|%(?:25)*40|%[uU]0040|&#0*64;|&#[xX]0*40;|&commat;|\\u0040)"
_DOT = r"(?:[.。．｡]|%(?:25)*2[eE]|%[uU]002[eE])"
_LABEL = r"[\pL\pN\p{Cf}_-]+"
_EMAIL = re2.compile(rf"{_LOCAL}{_AT}(?:{_LABEL}(?:{_DOT}{_LABEL})+|\[[0-9A-Fa-f:.]+\])")
"""Wider than RFC 5322 §3.4.1 where it costs nothing: letters of any script (RFC 6531), encoded signs, literals,
the full stops of UTS 46 §2.3; signs that are not seen (Unicode's Cf), as pages put them where a line may break."""


def _find_emails(text: str) -> list[Span]:
    if ("@" in text or "%" in text or "&" in text or "＠" in text or "﹫" in text or "\\" in text) and _EMAIL.search(
        text
    ):
        return [(match.start(), match.end(), EMAIL) for match in _EMAIL.finditer(text)]
    return []


_MAY_HOLD_EMAIL = Signs("@&＠﹫")
_MAY_BE_ENCODED = Signs("%\\")
_may_hold_v6 = re.compile(r":[0-9A-Fa-f]{0,4}:").search
_may_hold_v4 = re.compile(r"\.(?<=[0-9]\.)[0-9]{1,3}\.[0-9]{1,3}\.[0-9]").search
"""Begins with a dot, which C looks for."""


def _may_hold_address(text: str) -> object:
    if text.count(".") >= DOTS and _may_hold_v4(text):
        return True
    # a clock's time has less colons
    return ("::" in text or text.count(":") >= FEWEST_COLONS) and _may_hold_v6(text)


_BUILT_IN: dict[str, tuple[Find, Hint]] = {
    "token": (tokens.find_tokens, tokens.may_hold),
    "email": (_find_emails, _MAY_HOLD_EMAIL),
    "iban": (iban.find_ibans, iban.may_hold),
    "card": (card.find_cards, card.HINT),
    "phone": (phone.find_phones, phone.may_hold),
    "ip": (find_addresses, _may_hold_address),
}
"""Kind → what finds it, and when to look; of two finds that overlap the earlier kind's stays."""

_TIED = ("^", "$", r"\b", r"\B", r"\A", r"\z")


def make_redact(kinds: Sequence[str | OwnPattern]) -> TextAction:
    """Replaces these kinds. ``own`` is not among them: own.py knows the event's ids."""
    owns = [kind for kind in kinds if isinstance(kind, OwnPattern)]
    built_in = [_BUILT_IN[kind] for kind in _BUILT_IN if kind in kinds]
    own_hints = [_hint_of(own) for own in owns]
    hints: list[Hint] = [_MAY_BE_ENCODED, *[hint for _, hint in built_in], *([may_be_written_anew] if owns else [])]
    return TextAction(
        partial(replace_found, find=_joined([*[find for find, _ in built_in], *map(_make_find, owns)])),
        hints=tuple(hints) if all(own_hints) else (anything,),
        own_hint="|".join(own_hints) if all(own_hints) else "",
        on_names=True,
    )


EXACT = 2**53
"""From here on a float is not the number that was sent. Source: IEEE 754-2019, binary64."""


def make_number_search(actions: Sequence[TextAction]) -> Callable[[float], float | None]:
    """A function from a number to itself; None where the actions would change what it says, or it says it no more.

    There is no word to put in a number's place.
    """
    search = chain(actions)

    def searched(number: float) -> float | None:
        if abs(number) >= EXACT:
            return None
        text = number_text(number)
        return number if search(text) == text else None

    return searched


def _joined(finds: Sequence[Find]) -> Find:
    if len(finds) == 1:
        return finds[0]
    return lambda text: merge(*[find(text) for find in finds])


def _make_find(own: OwnPattern) -> Find:
    """A find without length is none: it would be found for ever."""
    find_all: Callable[[str], Sequence[object]] = compile_pattern(own.pattern).finditer
    word = f"({own.name})"

    def find(text: str) -> list[Span]:
        return [(*match.span(), word) for match in find_all(text) if match.end() > match.start()]  # type: ignore[attr-defined]

    return find


def _hint_of(own: OwnPattern) -> str:
    """The pattern itself, unless it is tied to a place: a part of the text may fit where the whole does not."""
    return "" if any(sign in own.pattern for sign in _TIED) else f"(?:{own.pattern})"


def make_url_redact(kinds: Sequence[str | OwnPattern]) -> UrlAction:
    """The same for a URL, part by part. The host is a place, whoever asked for it, and so its address stays; a host
    that is encoded may hide anything."""
    everything, names = make_redact(kinds), make_redact([kind for kind in kinds if kind != "ip"])
    text, head_text = chain([everything]), chain([names])

    def base(head: str, path: str) -> Base:
        if head:
            head = _kept(text(head) if "%" in head else head_text(head))
        return head, path and text(path)

    def both(side: str) -> str:
        """As it stands, then as a form has it, where a plus is a space: enrichment reads parameters so."""
        kept = text(side)
        if "+" in kept:
            spaced = kept.replace("+", " ")
            masked = text(spaced)
            return kept if masked == spaced else masked.replace(" ", "+")
        return kept

    @remember
    def query(given: str) -> str:
        return "&".join(["=".join([side and both(side) for side in pair.split("=", 1)]) for pair in given.split("&")])

    return UrlAction(base, query, text)


def _kept(head: str) -> str:
    """Raises ValueError where nothing is: a path without its host would be another URL."""
    if not head:
        raise ValueError("nothing of the host can be kept")
    return head
