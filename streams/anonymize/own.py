"""The event's own raw ids and addresses, where a tracker repeats them in its texts, URLs or properties."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

from streams.anonymize.action import TextAction, TextFunction
from streams.anonymize.client import is_spelled_once, spellings_of
from streams.anonymize.fields import TREES
from streams.anonymize.generalize import number_text
from streams.anonymize.layers import MAX_LAYERS, Find, Span, decode_layer, is_encoded, merge, replace_found
from streams.anonymize.paths import Path, rests_below
from streams.anonymize.value import Step, ValueFunction, make_value
from streams.records import Event, ParsedEvent

SHORTEST = 6
"""Shorter ids ("7", "admin") would cut words apart; they say nothing without their field."""

ADDRESS = "(ip)"
WORDS = {
    "domain_sessionid": "(session)",
    "anonymous_id": "(visitor)",
    "network_userid": "(visitor)",
    "domain_userid": "(visitor)",
    "user_id": "(user)",
}
"""Field of a parsed event → the word that stands for its value."""

_ids = attrgetter(*WORDS)
_DOTTED_I, _KELVIN = "\u0130", "\u212a"
"""Of all signs beyond ASCII these two have an ASCII letter in their lower case."""
_OUR_WORDS = " ".join([ADDRESS, *WORDS.values()])


def repeats_own(raw: ParsedEvent, texts: str) -> bool:
    """Whether an own id or address stands in the texts, in any case of letters, plainly or encoded."""
    if "%" in texts or "\\" in texts or not texts.isascii():
        return _repeats_hidden(raw, texts)
    texts = texts.lower()
    domain, network, anonymous = raw.domain_userid, raw.network_userid, raw.anonymous_id
    user, session, address = raw.user_id, raw.domain_sessionid, raw.ip
    # one beside the other: a loop costs as much as the searches do
    if (
        (len(domain) >= SHORTEST and domain.lower() in texts)
        or (len(network) >= SHORTEST and network.lower() in texts)
        or (len(anonymous) >= SHORTEST and anonymous.lower() in texts)
        or (len(user) >= SHORTEST and user.lower() in texts)
        or (len(session) >= SHORTEST and session.lower() in texts)
        or (address in texts if is_spelled_once(address) else _is_any(spellings_of(address)[0], texts))
    ):
        return True
    return "+" in texts and _is_any([_as_form(id_) for id_ in _ids(raw) if " " in id_ and len(id_) >= SHORTEST], texts)


def _is_any(values: Iterable[str], texts: str) -> bool:
    return any(value in texts for value in values)


def _repeats_hidden(raw: ParsedEvent, texts: str) -> bool:
    """The same where the texts may be encoded, or have letters beyond ASCII."""
    values = list(spellings_of(raw.ip)[0])
    for value in _ids(raw):
        if len(value) >= SHORTEST:
            values.append(value.lower())
            if " " in value:
                values.append(_as_form(value))
    if not texts.isascii() and not is_encoded(texts) and _are_plain(values, texts):
        return _is_any_in(values, texts)
    layer = texts.lower()
    for _ in range(MAX_LAYERS + 1):
        for value in values:
            if value in layer:
                return True
        if not is_encoded(layer):
            return False
        decoded = decode_layer(layer).lower()
        if decoded == layer:
            return False
        layer = decoded
    return True  # too many layers: who strikes removes such a text


def _are_plain(values: Iterable[str], texts: str) -> bool:
    """Whether only ASCII letters of the texts can be equal to letters of the values."""
    return all(map(str.isascii, values)) and _DOTTED_I not in texts and _KELVIN not in texts


def _is_any_in(values: Iterable[str], texts: str) -> bool:
    """The same search in UTF-8, where lower case of other scripts does not cost ten times as much."""
    layer = texts.encode("utf-8", "surrogatepass").lower()
    for value in values:  # noqa: SIM110 - any() costs as much as the searches do
        if value.encode() in layer:
            return True
    return False


def strike(event: Event, raw: ParsedEvent, names: Iterable[str], base64: Sequence[Path] = ()) -> list[str]:
    """Replace each own value of ``raw`` in the named texts and the properties of ``event``, in place.

    ``base64`` are the paths of what is searched decoded. Gives the names of fields that could not be searched to the
    end, and so were emptied.
    """
    strike_text = _make_strike(_own_values(raw))
    steps: Sequence[Step] = [((), TextAction(strike_text, on_names=True))]
    strike_value = make_value(steps)
    emptied = []
    for name in names:
        found = getattr(event, name)
        opened = [path[1:] for path in base64 if path[0] == name]
        if name == "properties":
            value_of = _make_property_strike(steps, opened) if opened else lambda _name: strike_value
            event.properties, removed = _struck(found, strike_text, value_of)
            emptied += [name] * removed
        elif isinstance(found, float):
            if strike_text(number_text(found)) != number_text(found):
                setattr(event, name, None)
                emptied.append(name)
        elif found:
            as_value = make_value(steps, opened) if opened else strike_value
            struck, removed = as_value(found) if opened or name in TREES else (strike_text(found), 0)
            setattr(event, name, struck)
            emptied += [name] * (removed or not struck)
    return emptied


def _make_property_strike(steps: Sequence[Step], base64: Sequence[Path]) -> Callable[[str], ValueFunction]:
    """From a property's name to what strikes its value; of ``base64`` the paths that begin with that name count."""
    return lambda name: make_value(steps, [rest for path in base64 for rest in rests_below(path, name)])


def _struck(
    properties: dict[str, str], strike_text: TextFunction, value_of: Callable[[str], ValueFunction]
) -> tuple[dict[str, str], int]:
    """The properties, and how many values, within them too, could not be searched to the end."""
    kept, removed = {}, 0
    for key, value in properties.items():
        name = strike_text(key)
        text, count = value_of(key)(value)
        removed += count or (bool(key) and not name)
        if (name or not key) and (text or not value):
            kept[name] = text
    return kept, removed


def _own_values(raw: ParsedEvent) -> list[tuple[str, str]]:
    """(value in lower case, word), longest first, so that an id within an id leaves nothing of the longer."""
    found = dict.fromkeys(spellings_of(raw.ip)[0], ADDRESS)
    found |= {
        _lowered(value): word for value, word in zip(_ids(raw), WORDS.values(), strict=True) if len(value) >= SHORTEST
    }
    found |= {_as_form(value): word for value, word in found.items() if " " in value}
    # an id that is part of our words ("visitor") would be found in them for ever
    return sorted(
        ((value, word) for value, word in found.items() if value not in _OUR_WORDS), key=lambda item: -len(item[0])
    )


def _make_strike(values: Sequence[tuple[str, str]]) -> TextFunction:
    find = _make_find(values)

    def strike_text(text: str) -> str:
        if not is_encoded(text) and text.isascii():  # most texts: no more than one look for each value
            lowered = text.lower()
            for value, _ in values:
                if value in lowered:
                    return replace_found(text, find)
            return text
        return replace_found(text, find)

    return strike_text


def _make_find(values: Sequence[tuple[str, str]]) -> Find:
    def find(text: str) -> list[Span]:
        lowered = _lowered(text)
        return merge(*[_places(lowered, value, word) for value, word in values if value in lowered])

    return find


def _places(text: str, value: str, word: str) -> list[Span]:
    spans: list[Span] = []
    at = text.find(value)
    while at >= 0:
        spans.append((at, at + len(value), word))
        at = text.find(value, at + len(value))
    return spans


def _as_form(value: str) -> str:
    """As a query has it; enrichment reads a plus there as a space. Source: url.spec.whatwg.org, urlencoded parsing."""
    return _lowered(value).replace(" ", "+")


def _lowered(text: str) -> str:
    """In lower case, and as long as it was."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join([low if len(low := sign.lower()) == 1 else sign for sign in text])
    return lowered
