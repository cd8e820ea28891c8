"""What an action on text is: a function, what it can act on at all, and whether names count as text too."""

import re
from collections.abc import Callable, Sequence

import msgspec
import re2

TextFunction = Callable[[str], str]

ANYTHING = ""
"""A hint that rules nothing out."""


class TextAction(msgspec.Struct, frozen=True):
    """An action on one text.

    ``apply`` gives the text as it may be kept; the empty text where it can keep nothing (the caller counts that as
    removed). It never gives back what it cannot read. It may raise UnicodeError, ValueError or re2.error, which mean
    the same.

    ``hint`` is a pattern of ours, ``own_hint`` one of a user (RE2): where nothing in a text fits them, the action
    leaves alone the text and every part of it; so most texts cost one search for all rules together.
    """

    apply: TextFunction
    hint: str = ANYTHING
    own_hint: str = ""
    on_names: bool = False
    """It searches, so it goes into nested JSON and looks at keys too; the others replace values."""


FAILURES = (UnicodeError, ValueError, RecursionError, re2.error)
"""What an action raises for a text it cannot read."""


def check_readable(text: str) -> None:
    """Raises UnicodeError for half characters (lone surrogates): nothing can search or write them."""
    if not text.isascii():
        text.encode()


def joint_hint(actions: Sequence[TextAction]) -> Callable[[str], object] | None:
    """Whether any of the actions can act on a text, at one look; None where one of them acts on anything."""
    hints = dict.fromkeys(action.hint for action in actions)
    if not actions or ANYTHING in hints:
        return None
    search: Callable[[str], object] = re.compile("|".join(hints)).search
    own = "|".join(dict.fromkeys(action.own_hint for action in actions if action.own_hint))
    if not own:
        return search
    search_own: Callable[[str], object] = re2.compile(own).search
    return lambda text: search(text) or search_own(text)


def joined(first: TextAction, second: TextAction) -> TextAction:
    """Both as one."""
    hints, own = (first.hint, second.hint), (first.own_hint, second.own_hint)
    return TextAction(
        chain([first, second]),
        "|".join(dict.fromkeys(hints)) if all(hints) else ANYTHING,
        "|".join(hint for hint in own if hint),
        first.on_names,
    )


def chain(actions: Sequence[TextAction]) -> TextFunction:
    """The actions one after another, on a text that is not empty; fails closed: empty where one cannot read it."""
    may_act = joint_hint(actions)
    functions = [action.apply for action in actions]

    def run(text: str) -> str:
        try:
            check_readable(text)
            if may_act is not None and may_act(text) is None:
                return text
            for function in functions:
                text = function(text)
                if not text:
                    return ""
        except FAILURES:
            return ""
        return text

    return run
