"""What an action on text is: a function, what it can act on at all, and whether names count as text too."""

from collections.abc import Callable, Sequence

import msgspec
import re2

from streams.anonymize.look import Hint, anything, make_look

TextFunction = Callable[[str], str]


class TextAction(msgspec.Struct, frozen=True):
    """An action on one text.

    ``apply`` gives the text as it may be kept; the empty text where it can keep nothing (the caller counts that as
    removed). It never gives back what it cannot read. It may raise UnicodeError, ValueError or re2.error, which mean
    the same.

    Where none of ``hints`` holds for a text, nor ``own_hint`` (a user's patterns, RE2) finds anything, the action
    leaves alone the text and every part of it; so most texts cost one look for all rules together.
    """

    apply: TextFunction
    hints: tuple[Hint, ...] = (anything,)
    own_hint: str = ""
    on_names: bool = False
    """It searches, so it goes into nested JSON and looks at keys too; the others replace values."""


FAILURES = (UnicodeError, ValueError, RecursionError, re2.error)
"""What an action raises for a text it cannot read."""


def check_readable(text: str) -> None:
    """Raises UnicodeError for half characters (lone surrogates): nothing can search or write them."""
    if not text.isascii():
        text.encode()


def joint_hint(actions: Sequence[TextAction]) -> Hint | None:
    """Whether any of the actions can act on a text; None where one of them acts on anything."""
    hints = list(dict.fromkeys(hint for action in actions for hint in action.hints))
    if not actions or anything in hints:
        return None
    own = "|".join(dict.fromkeys(action.own_hint for action in actions if action.own_hint))
    if own:
        hints.append(re2.compile(own).search)
    return make_look(hints)


def joined(first: TextAction, second: TextAction) -> TextAction:
    """Both as one."""
    own = [hint for hint in (first.own_hint, second.own_hint) if hint]
    hints = tuple(dict.fromkeys([*first.hints, *second.hints]))
    return TextAction(chain([first, second]), hints, "|".join(own), first.on_names)


def chain(actions: Sequence[TextAction]) -> TextFunction:
    """The actions one after another, on a text that is not empty; fails closed: empty where one cannot read it."""
    may_act = joint_hint(actions)
    functions = [action.apply for action in actions]

    def run(text: str) -> str:
        try:
            check_readable(text)
            if may_act is not None and not may_act(text):
                return text
            for function in functions:
                text = function(text)
                if not text:
                    return ""
        except FAILURES:
            return ""
        return text

    return run
