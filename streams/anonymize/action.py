"""What an action on text is: a function, what it can act on at all, and whether names count as text too."""

from collections.abc import Callable, Sequence

import msgspec
import re2

TextFunction = Callable[[str], str]

Hint = Callable[[str], object]
"""Whether there may be something in a text."""


def anything(_text: str) -> bool:
    """A hint that rules nothing out."""
    return True


class Signs(msgspec.Struct, frozen=True):
    """The hint that one of these characters stands in a text. Those of several actions are looked for as one."""

    signs: str

    def __call__(self, text: str) -> bool:
        """Whether one does."""
        return any(sign in text for sign in self.signs)


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
    signs = "".join(dict.fromkeys(sign for hint in hints if isinstance(hint, Signs) for sign in hint.signs))
    first, rest = signs[:_SIGNS_AT_ONCE], signs[_SIGNS_AT_ONCE:]
    others = [hint for hint in hints if not isinstance(hint, Signs)]
    return _make_look(first, [*([Signs(rest)] if rest else []), *others]) if first else _any_of(others)


_SIGNS_AT_ONCE = 10


def _make_look(signs: str, hints: Sequence[Hint]) -> Hint:
    """Whether a sign stands in a text, or a hint holds. One test beside the other: a loop costs five times as much."""
    a, b, c, d, e, f, g, h, i, j = (signs * _SIGNS_AT_ONCE)[:_SIGNS_AT_ONCE]

    def may_act(text: str) -> bool:
        if a in text or b in text or c in text or d in text or e in text:
            return True
        if f in text or g in text or h in text or i in text or j in text:
            return True
        for hint in hints:  # noqa: SIM110 - any() costs as much as the hints do
            if hint(text):
                return True
        return False

    return may_act


def _any_of(hints: Sequence[Hint]) -> Hint:
    return lambda text: any(hint(text) for hint in hints)


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
