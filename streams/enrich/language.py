"""The browser's language in one spelling."""

import re
from collections.abc import Callable

from streams.memo import remember
from streams.records import Event

_TAG = re.compile(r"([A-Za-z]{2,3})((?:-(?:[A-Za-z0-9]{1,8}))*)")
_REGION, _SCRIPT = 2, 4


def _spell(text: str) -> str:
    """``EN_us`` → ``en-US``; of a list as Accept-Language has it the first. What is no tag stays as it is.

    Source: RFC 5646 §2.1 (form), §2.1.1 (region in capitals, script in title case, all else in small letters).
    """
    first = text.partition(",")[0].partition(";")[0].strip().partition(".")[0].replace("_", "-")
    tag = _TAG.fullmatch(first)
    if tag is None:
        return text
    parts, is_private = [tag.group(1).lower()], False
    for part in tag.group(2).split("-")[1:]:
        parts.append(part.lower() if is_private else _cased(part))
        is_private = is_private or len(part) == 1
    return "-".join(parts)


def _cased(part: str) -> str:
    if len(part) == _REGION and part.isalpha():
        return part.upper()
    return part.title() if len(part) == _SCRIPT and part.isalpha() else part.lower()


spell = remember(_spell)


def make_language() -> Callable[[Event], None]:
    """Spells br_lang as RFC 5646 does."""

    def language(event: Event) -> None:
        if event.br_lang:
            event.br_lang = spell(event.br_lang)

    return language
