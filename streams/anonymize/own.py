"""The event's own raw ids and address, where a tracker repeats them in its texts, URLs or properties."""

from urllib.parse import quote, unquote

from streams.records import Event, ParsedEvent

SHORTEST = 6
"""Shorter ids ("7", "admin") would cut words apart; they say nothing without their field."""

_SAFE = "/:?=&()@+,;~"

WORDS = {
    "ip": "(ip)",
    "domain_sessionid": "(session)",
    "anonymous_id": "(visitor)",
    "network_userid": "(visitor)",
    "domain_userid": "(visitor)",
    "user_id": "(user)",
}
"""Field of a parsed event → the word that stands for its value."""


def strike(event: Event, raw: ParsedEvent, names: tuple[str, ...]) -> None:
    """Replace each own value of ``raw`` in the named texts and the properties of ``event``, in place."""
    found = {getattr(raw, field): word for field, word in WORDS.items() if len(getattr(raw, field)) >= SHORTEST}
    # longest first, so that an id within an id leaves nothing of the longer
    values = sorted(found.items(), key=lambda item: -len(item[0]))
    for name in names:
        setattr(event, name, _struck(getattr(event, name), values))
    event.properties = {_struck(key, values): _struck(value, values) for key, value in event.properties.items()}


def _struck(text: str, values: list[tuple[str, str]]) -> str:
    """Percent-encoding, in layers even, can hide an id: where a layer shows one, that layer is what is kept."""
    struck = _replaced(text, values)
    layer = struck
    while "%" in layer and (decoded := unquote(layer)) != layer:
        layer = _replaced(decoded, values)
        if layer != decoded:
            return _struck(quote(layer, safe=_SAFE), values)
    return struck


def _replaced(text: str, values: list[tuple[str, str]]) -> str:
    for value, word in values:
        text = text.replace(value, word)
    return text
